-- Names in the order in which people look for them: Álvarez beside Alvarez, and abad before Zapata. PostgreSQL has
-- this collation from ICU, SQLite from us.
DROP INDEX users_by_last_name;
CREATE INDEX users_by_last_name ON users (team_id, last_name COLLATE "und-x-icu", id);
DROP INDEX users_by_company;
CREATE INDEX users_by_company ON users (team_id, COALESCE(company_name, '') COLLATE "und-x-icu", id);
DROP INDEX products_by_name;
CREATE INDEX products_by_name ON products (team_id, name COLLATE "und-x-icu", id);
