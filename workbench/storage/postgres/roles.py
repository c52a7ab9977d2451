"""The three roles of a shared archive, as statements for its owner."""

from __future__ import annotations

ROLES = ("reader", "loader", "owner")

_READ = (
    "GRANT USAGE ON SCHEMA workbench TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA workbench TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA workbench GRANT SELECT ON TABLES TO {role}",
    # What an agent has shown is kept, whoever lets go of it: a reader's agents show as well.
    "GRANT INSERT ON workbench.referred TO {role}",
)
_LOAD = (
    "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA workbench TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA workbench TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON workbench.schema_versions FROM {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA workbench GRANT INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA workbench GRANT USAGE ON SEQUENCES TO {role}",
)


def statements(role: str, name: str) -> list[str]:
    """What the owner of an archive runs once, so that the database role `name` (an SQL identifier) is a reader or a loader.

    The owner of the schema is whoever opened the archive first, and needs nothing. Raises ValueError for another role.
    """
    if role not in ROLES[:2]:
        raise ValueError(role)
    quoted = '"' + name.replace('"', '""') + '"'
    return [line.format(role=quoted) for line in (*_READ, *(_LOAD if role == "loader" else ()))]
