-- Long search terms: of a name or an address every trigram is common, but hardly anybody else has six letters of it.
CREATE FUNCTION search_stretches(text TEXT) RETURNS TEXT[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
  $$ SELECT array_agg(substr(text, n, 6)) FROM generate_series(1, length(text) - 5) AS n $$;
CREATE INDEX users_search_long ON users USING gin (search_stretches(search_text));
