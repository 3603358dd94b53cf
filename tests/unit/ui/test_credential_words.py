"""Every type of credential, and every value of it, has words for people."""

from midcall.domain.credential import CredentialType
from midcall.service.credentials.types import MODELS
from midcall.ui.admin.credential_words import TYPES, VALUES


def test_every_type_and_value_has_words() -> None:
    """A new type or value is seen here before people see its bare name."""
    assert set(TYPES) == set(CredentialType)
    assert set(VALUES) == {(kind, name) for kind, model in MODELS.items() for name in model.model_fields}
