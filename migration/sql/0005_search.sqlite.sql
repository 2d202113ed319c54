-- Substring search over the normal form. The index keeps no copy of the text and follows the table.
CREATE VIRTUAL TABLE users_search USING fts5 (search_text, content = 'users', content_rowid = 'rowid', tokenize = 'trigram');
CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
  INSERT INTO users_search (rowid, search_text) VALUES (new.rowid, new.search_text);
END;
CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN
  INSERT INTO users_search (users_search, rowid, search_text) VALUES ('delete', old.rowid, old.search_text);
END;
CREATE TRIGGER users_search_update AFTER UPDATE OF search_text ON users BEGIN
  INSERT INTO users_search (users_search, rowid, search_text) VALUES ('delete', old.rowid, old.search_text);
  INSERT INTO users_search (rowid, search_text) VALUES (new.rowid, new.search_text);
END;
