-- Which key has made a key: it ends with it.
ALTER TABLE api_keys ADD COLUMN parent_id UUID REFERENCES api_keys (id);
CREATE INDEX api_keys_of_parent ON api_keys (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX api_keys_of_maker ON api_keys (created_by);

-- Whose address this is, too: two people had it before addresses had one form, and the key is the other's.
ALTER TABLE users ADD COLUMN email_clashes_with UUID REFERENCES users (id);
CREATE INDEX users_in_clash ON users (email_clashes_with) WHERE email_clashes_with IS NOT NULL;
