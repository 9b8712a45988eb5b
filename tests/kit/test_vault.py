"""Secrets at rest: sealed, opened, refused, renewed with another key."""

from __future__ import annotations

import pytest

from kit.vault import Vault, VaultError, fresh_key

_SECRETS = {"page_token": "EAAB-very-secret", "app_secret": "ī un š"}


def test_what_is_sealed_can_be_opened_and_shows_nothing() -> None:
    vault = Vault(fresh_key())
    sealed = vault.seal(_SECRETS)
    assert vault.open(sealed) == _SECRETS
    assert "secret" not in sealed
    assert vault.seal(_SECRETS) != sealed


def test_another_key_and_a_changed_text_are_refused_without_telling_anything() -> None:
    sealed = Vault(fresh_key()).seal(_SECRETS)
    for vault, text in ((Vault(fresh_key()), sealed), (Vault(fresh_key()), "gAAAA"), (Vault(fresh_key()), "")):
        with pytest.raises(VaultError) as refused:
            vault.open(text)
        assert "secret" not in str(refused.value)
        assert refused.value.__cause__ is None


def test_a_new_key_in_front_renews_and_the_old_one_can_go() -> None:
    old, new = fresh_key(), fresh_key()
    sealed = Vault(old).seal(_SECRETS)
    both = Vault(f"{new}, {old}")
    assert both.open(sealed) == _SECRETS
    renewed = both.renewed(sealed)
    assert renewed is not None
    assert both.renewed(renewed) is None
    assert Vault(new).open(renewed) == _SECRETS


@pytest.mark.parametrize("keys", ["", " , ", "short", "k" * 40])
def test_what_is_not_a_key_is_refused(keys: str) -> None:
    with pytest.raises(ValueError) as refused:
        Vault(keys)
    assert "k" * 40 not in str(refused.value)
