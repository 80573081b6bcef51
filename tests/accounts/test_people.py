"""Admins' pages: roles, access, invitations; nobody else sees them."""

import pytest

from uno_site.accounts.models import Invitation, Role
from uno_site.accounts.services import user_set_active, user_set_role
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db


def test_only_admins_see_them(alice, curator, client_for) -> None:
    for person in (alice, curator):
        browser = client_for(person)
        for path in ("/accounts/users/", "/accounts/invitations/"):
            assert browser.get(path).status_code == 404
        assert (
            browser.post(f"/accounts/users/{alice.pk}/role/", {"role": "admin"}).status_code == 404
        )
    alice.refresh_from_db()
    assert alice.role == Role.USER


def test_a_role_is_changed_and_recorded(admin, alice, client_for) -> None:
    client_for(admin).post(f"/accounts/users/{alice.pk}/role/", {"role": "curator"})
    alice.refresh_from_db()
    assert alice.is_curator
    event = AuditEvent.objects.get(action="user.set_role")
    assert (event.actor, event.data) == (admin, {"before": "user", "after": "curator"})


def test_the_last_admin_stays_one(admin) -> None:
    with pytest.raises(Conflict, match="only admin"):
        user_set_role(user=admin, role=Role.USER, by=admin)


def test_a_deactivated_person_is_out_at_once_and_can_be_let_in_again(
    admin, alice, client_for
) -> None:
    browser = client_for(alice)
    assert browser.get("/").status_code == 200
    client_for(admin).post(f"/accounts/users/{alice.pk}/active/", {"is_active": "false"})
    assert browser.get("/").status_code == 302
    client_for(admin).post(f"/accounts/users/{alice.pk}/active/", {"is_active": "true"})
    alice.refresh_from_db()
    assert alice.is_active


def test_nobody_locks_themselves_out(admin) -> None:
    with pytest.raises(Conflict, match="yourself"):
        user_set_active(user=admin, is_active=False, by=admin)


def test_an_invitation_shows_its_link_and_can_be_withdrawn(admin, client_for) -> None:
    browser = client_for(admin)
    browser.post("/accounts/invitations/", {"role": "curator", "email": "dora@example.org"})
    invitation = Invitation.objects.get()
    page = browser.get("/accounts/invitations/").content.decode()
    assert f"http://testserver/accounts/invitation/{invitation.token}/" in page
    assert "dora@example.org" in page
    browser.post(f"/accounts/invitations/{invitation.pk}/revoke/")
    assert not Invitation.objects.exists()
