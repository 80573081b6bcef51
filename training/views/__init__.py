"""The training screens: curators read, admins act."""
