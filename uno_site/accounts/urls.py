"""Addresses of the account pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from . import key_views, people_views, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.SignInView.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("sign-up/", views.sign_up, name="signup"),
    path("invitation/<str:token>/", views.invitation_accept, name="invitation"),
    path("password/", views.PasswordView.as_view(), name="password"),
    path("profile/", views.profile, name="profile"),
    path("language/", views.language, name="language"),
    path("consent/", views.consent, name="consent"),
    path("personal-adapter/", views.personal_switch, name="personal-switch"),
    path("keys/", key_views.api_keys, name="api-keys"),
    path("keys/<uuid:key_id>/", key_views.api_key_detail, name="api-key"),
    path("keys/<uuid:key_id>/revoke/", key_views.api_key_revoke_view, name="api-key-revoke"),
    path("users/keys/", key_views.api_keys_all, name="api-keys-all"),
    path("users/", people_views.user_list, name="users"),
    path("users/<uuid:user_id>/role/", people_views.user_role, name="user-role"),
    path("users/<uuid:user_id>/active/", people_views.user_active, name="user-active"),
    path("users/<uuid:user_id>/quota/", people_views.user_quota, name="user-quota"),
    path("users/consents/", people_views.consent_overview, name="consents"),
    path("users/consents.csv", people_views.consent_file, name="consents-file"),
    path("invitations/", people_views.invitation_list, name="invitations"),
    path(
        "invitations/<uuid:invitation_id>/revoke/",
        people_views.invitation_revoke_view,
        name="invitation-revoke",
    ),
]
