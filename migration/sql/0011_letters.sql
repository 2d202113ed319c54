-- Latin letters that Unicode does not take apart, as people type them who do not have them on their keyboard: lukasz
-- finds Łukasz. What is stored follows `input::searchable`.
UPDATE users SET search_text =
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(search_text
    , 'æ', 'ae'), 'œ', 'oe'), 'ø', 'o'), 'đ', 'd'), 'ð', 'd'), 'ɖ', 'd')
    , 'þ', 'th'), 'ħ', 'h'), 'ł', 'l'), 'ŋ', 'n'), 'ŧ', 't')
  WHERE search_text LIKE '%æ%' OR search_text LIKE '%œ%' OR search_text LIKE '%ø%' OR search_text LIKE '%đ%'
    OR search_text LIKE '%ð%' OR search_text LIKE '%ɖ%' OR search_text LIKE '%þ%' OR search_text LIKE '%ħ%'
    OR search_text LIKE '%ł%' OR search_text LIKE '%ŋ%' OR search_text LIKE '%ŧ%';
UPDATE products SET search_text =
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(search_text
    , 'æ', 'ae'), 'œ', 'oe'), 'ø', 'o'), 'đ', 'd'), 'ð', 'd'), 'ɖ', 'd')
    , 'þ', 'th'), 'ħ', 'h'), 'ł', 'l'), 'ŋ', 'n'), 'ŧ', 't')
  WHERE search_text LIKE '%æ%' OR search_text LIKE '%œ%' OR search_text LIKE '%ø%' OR search_text LIKE '%đ%'
    OR search_text LIKE '%ð%' OR search_text LIKE '%ɖ%' OR search_text LIKE '%þ%' OR search_text LIKE '%ħ%'
    OR search_text LIKE '%ł%' OR search_text LIKE '%ŋ%' OR search_text LIKE '%ŧ%';
