"""The database: SQLite or PostgreSQL through SQLAlchemy Core, its schema kept by Alembic migrations."""
