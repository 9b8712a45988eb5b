"""the words of whole conversations, on PostgreSQL: a search over a year asks 100 000 rows instead of a million

SQLite's FTS5 is quick as it is. The index by message goes: no query uses it any longer, and it would cost at each message.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0031"
branch_labels = None
depends_on = None

#: Of a conversation with more different words the rest is not found: a tsvector takes 1 MiB, and nothing said may be lost for it.
_MOST_WORDS = 7000

_OF = f"""
CREATE FUNCTION search_text_of(conversation varchar) RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT array_to_tsvector((array_agg(DISTINCT word))[1:{_MOST_WORDS}])
    FROM search_document, unnest(string_to_array(terms, ' ')) AS word
    WHERE conversation_id = conversation AND word <> ''
$$
"""

# The index is asked first whatever the planner thinks: reading the words of all rows takes seconds, and it guesses badly how often
# the beginning of a word stands.
_FEW = """
CREATE FUNCTION search_text_few(wanted tsquery, most int) RETURNS varchar[] LANGUAGE sql STABLE
SET enable_seqscan = off AS $$
    SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(conversation_id), '{}') END
    FROM (SELECT conversation_id FROM search_text WHERE words @@ wanted LIMIT most + 1) AS found
$$
"""

# The conversation's row is taken first, as everywhere: whoever writes a message has it, and waits for nobody who waits for him.
_COME = f"""
CREATE FUNCTION search_text_come() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE added tsvector := array_to_tsvector((array_remove(string_to_array(NEW.terms, ' '), ''))[1:{_MOST_WORDS}]);
BEGIN
    PERFORM 1 FROM conversation WHERE id = NEW.conversation_id FOR NO KEY UPDATE;
    INSERT INTO search_text AS there VALUES (NEW.conversation_id, added)
    ON CONFLICT (conversation_id) DO UPDATE SET words = there.words || added
    WHERE there.words || added <> there.words AND length(there.words) + length(added) <= {_MOST_WORDS};
    RETURN NULL;
END $$
"""

_GONE = """
CREATE FUNCTION search_text_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM conversation WHERE id IN (SELECT conversation_id FROM gone) ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM search_text WHERE conversation_id IN (SELECT conversation_id FROM gone);
    INSERT INTO search_text
    SELECT one, search_text_of(one) FROM (SELECT DISTINCT conversation_id AS one FROM gone) AS changed
    WHERE search_text_of(one) IS NOT NULL
    ON CONFLICT (conversation_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Forward."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE TABLE search_text (conversation_id varchar(36) PRIMARY KEY, words tsvector NOT NULL)")
    for function in (_OF, _FEW, _COME, _GONE):
        op.execute(function)
    op.execute(
        "INSERT INTO search_text SELECT id, search_text_of(id) FROM conversation WHERE search_text_of(id) IS NOT NULL"
    )
    op.execute("CREATE INDEX search_text_words ON search_text USING gin (words)")
    op.execute(
        "CREATE TRIGGER search_text_come AFTER INSERT ON search_document"
        " FOR EACH ROW EXECUTE FUNCTION search_text_come()"
    )
    for act in ("DELETE", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER search_text_{act.lower()} AFTER {act} ON search_document REFERENCING OLD TABLE AS gone"
            " FOR EACH STATEMENT EXECUTE FUNCTION search_text_gone()"
        )
    op.execute("DROP INDEX search_text_terms")


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE INDEX search_text_terms ON search_document USING gin (to_tsvector('simple', terms))")
    for trigger in ("come", "delete", "update"):
        op.execute(f"DROP TRIGGER search_text_{trigger} ON search_document")
    op.execute("DROP TABLE search_text")
    for function in (
        "search_text_come()",
        "search_text_gone()",
        "search_text_few(tsquery, int)",
        "search_text_of(varchar)",
    ):
        op.execute(f"DROP FUNCTION {function}")
