"""In the gateway as it runs: the routes are there, behind the console's doors, and their texts are in the catalogue."""

from __future__ import annotations

from tests.stage import Stage


async def test_a_supervisor_finds_publications_and_citizens(stage: Stage) -> None:
    liga, anna, citizen = await stage.staff("liga"), await stage.staff("anna"), await stage.citizen()
    await citizen.ask("operators")
    conversation = str(citizen.conversation)
    card = (await liga.http.get(f"/conversations/{conversation}/citizen")).json()
    assert [one["channel"] for one in card["identities"]] == ["webchat"]
    assert card["identities"][0]["account"] == {"id": "demo", "name": "Pietura"}
    assert card["may"] == ["link", "unlink", "code", "deep_link"]
    code = (await liga.http.post(f"/conversations/{conversation}/code", json={})).json()
    assert code["shown"] in code["say"]
    assert (await liga.http.get("/publications")).json() == {"rows": [], "total": 0, "page": 1, "pages": 1}
    assert (await anna.http.get("/publications")).status_code == 403
    shown = (await liga.http.get(f"/conversations/{conversation}")).json()["timeline"]
    assert "Izveidots kods sasaistei ar citu kanālu" in [moment["text"] for moment in shown]
    assert stage.gateway.publisher.last_error is None
    for person in (liga, anna):
        await person.close()
    await citizen.close()
