//! What somebody searches for: words that must all be somewhere, in any order.

use entities::search_text::{dialled, searchable};
use sea_orm::Value;

use super::phone::{FEWEST_DIGITS, comes_with_numbers, is_punctuation};

/// Characters of the longest normal form in which anything is searched, with some room: the longest that are searched
/// are names, of 201 characters at most, and no character's normal form has more than 18. Whatever is longer is kept
/// from the databases: SQLite takes no pattern of more than 50,000 bytes.
const LONGEST: usize = 4000;
/// More words than anybody's fields have. Each is a condition.
const MOST_WORDS: usize = 64;
/// More digits are several numbers.
const LONGEST_NUMBER: usize = 20;

/// A search, in the normal form of what is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    words: Vec<Word>,
    can_be_found: bool,
}

/// One of the words. There may be several ways to write it; a way is made of texts that all have to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(pub Vec<Vec<String>>);

impl Sought {
    /// None if nothing is left of what was typed: then everybody is meant.
    pub fn read(typed: &str) -> Option<Self> {
        let normal = searchable(typed);
        let mut pieces: Vec<&str> = normal
            .split(separates)
            .filter(|piece| !piece.is_empty())
            .collect();
        if pieces.is_empty() && !normal.is_empty() {
            pieces.push(&normal);
        }
        let can_be_found = normal.chars().count() <= LONGEST;
        let words = if can_be_found { words(&pieces) } else { Vec::new() };
        Some(Self {
            can_be_found: can_be_found && words.len() <= MOST_WORDS,
            words,
        })
        .filter(|_| !normal.is_empty())
    }

    /// Whether any text could have all this in it.
    pub fn can_be_found(&self) -> bool {
        self.can_be_found
    }

    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// ` AND (…)`: all of it is in the column, wherever.
    pub fn condition(&self, column: &str, values: &mut Vec<Value>) -> String {
        let words = self.words.iter();
        words.map(|word| word.condition(column, values)).collect()
    }
}

impl Word {
    /// ` AND (…)`: the word is in the column in one of its ways.
    pub fn condition(&self, column: &str, values: &mut Vec<Value>) -> String {
        self.in_one_way(0, values, |text, values| contains(column, text, values))
    }

    /// ` AND (…)`: one of the ways, each text of it that has so many characters as `told`.
    pub fn in_one_way(
        &self,
        characters: usize,
        values: &mut Vec<Value>,
        told: impl Fn(&str, &mut Vec<Value>) -> String,
    ) -> String {
        let mut way = |texts: &Vec<String>| {
            let texts = texts.iter().filter(|text| text.chars().count() >= characters);
            let all: Vec<String> = texts.map(|text| told(text, values)).collect();
            all.join(" AND ")
        };
        let ways: Vec<String> = self.0.iter().map(&mut way).collect();
        format!(" AND ({})", ways.join(" OR "))
    }

    /// Whether it takes a text of so many characters, whichever way it is written.
    pub fn has_length(&self, characters: usize) -> bool {
        let long = |text: &String| text.chars().count() >= characters;
        self.0.iter().all(|way| way.iter().any(long))
    }

    fn plain(piece: &str) -> Self {
        Self(vec![vec![piece.to_owned()]])
    }
}

/// `column LIKE $n`, and the pattern that finds `text` in it as it is written, wildcards included.
fn contains(column: &str, text: &str, values: &mut Vec<Value>) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    values.push(format!("%{escaped}%").into());
    format!("{column} LIKE ${} ESCAPE '\\'", values.len())
}

/// What lists and people put between words: `Del Río, Ana`.
fn separates(c: char) -> bool {
    matches!(c, ' ' | ',' | ';' | '،' | '؛' | '、' | '。' | '|')
}

fn words(pieces: &[&str]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = pieces;
    while let Some((piece, behind)) = rest.split_first() {
        let number = number(rest);
        let word = if number > 0 { phone(&rest[..number]) } else { None };
        match word {
            Some(word) => {
                words.push(word);
                rest = &rest[number..];
            }
            None => {
                words.push(Word::plain(piece));
                rest = behind;
            }
        }
    }
    let mut distinct: Vec<Word> = Vec::new();
    for word in words {
        if !distinct.contains(&word) {
            distinct.push(word);
        }
    }
    distinct
}

/// How many of the first pieces look like one phone number: `+34`, `600`, `123-456`, `ext.`, `12`.
fn number(pieces: &[&str]) -> usize {
    let pieces = pieces.iter().take_while(|piece| can_be_dialled(piece));
    let has_digits: Vec<bool> = pieces
        .map(|piece| piece.contains(|c: char| c.is_ascii_digit()))
        .collect();
    let begins = has_digits.iter().take(2).any(|has| *has);
    let last = has_digits.iter().rposition(|has| *has).filter(|_| begins);
    last.map_or(0, |last| last + 1)
}

fn can_be_dialled(piece: &str) -> bool {
    let letters = piece.split(|c: char| c.is_ascii_digit() || is_punctuation(c));
    letters
        .filter(|letters| !letters.is_empty())
        .all(comes_with_numbers)
}

/// The ways in which these pieces may stand in what is searched, if they are more than an extension: as they are
/// written, and as they are dialled at home and from abroad.
fn phone(pieces: &[&str]) -> Option<Word> {
    let written = pieces.join(" ");
    let mut numbers = dialled(&written);
    if numbers[0].len() < FEWEST_DIGITS {
        return None;
    }
    // Without the zeros that are dialled before a number, at home or to get abroad.
    numbers.extend(
        numbers
            .clone()
            .iter()
            .map(|number| number.trim_start_matches('0').to_owned()),
    );
    let mut ways = vec![vec![written.clone()]];
    if pieces.len() > 1 && (numbers[0].len() < FEWEST_DIGITS + 2 || numbers[0].len() > LONGEST_NUMBER) {
        // Perhaps no number at all: a postcode and the number of a house.
        ways[0] = pieces.iter().map(|piece| (*piece).to_owned()).collect();
    }
    for number in numbers {
        if number != written && number.len() >= FEWEST_DIGITS && !ways.contains(&vec![number.clone()]) {
            ways.push(vec![number]);
        }
    }
    Some(Word(ways))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Vec<String> {
        let sought = Sought::read(typed).expect("something");
        let way = |texts: &Vec<String>| texts.join("&");
        let word = |word: &Word| word.0.iter().map(way).collect::<Vec<_>>().join("|");
        sought.words().iter().map(word).collect()
    }

    #[test]
    fn every_word_stands_by_itself_and_numbers_are_one() {
        for (typed, expected) in [
            ("Del Río, Ana", &["del", "rio", "ana"][..]),
            ("Ana Del  Río;ana", &["ana", "del", "rio"]),
            (",", &[","]),
            ("50% off", &["50%", "off"]),
            ("D’Angelo", &["d'angelo"]),
            ("600123456", &["600123456"]),
            ("600-123-456", &["600-123-456|600123456"]),
            ("+34 600 123 456", &["+34 600 123 456|34600123456"]),
            ("0034600123456", &["0034600123456|34600123456"]),
            ("020 7946 0000", &["020 7946 0000|02079460000|2079460000"]),
            (
                "+44 (0)20 7946 0000",
                &["+44 (0)20 7946 0000|4402079460000|442079460000"],
            ),
            ("600 123 456 ext. 12", &["600 123 456 ext. 12|60012345612"]),
            ("600123456x12", &["600123456x12|60012345612"]),
            ("Ana 600 123 456", &["ana", "600 123 456|600123456"]),
            ("600-1", &["600-1"]),
            ("call 600-123-456", &["call", "600-123-456|600123456"]),
            ("54 10101 Sol", &["54 10101|5410101", "sol"]),
            ("28 8001", &["28&8001|288001"]),
            ("studio 54 x", &["studio", "54", "x"]),
            ("Tel.: +34 600123456", &["tel.: +34 600123456|34600123456"]),
            ("tel:+34600123456", &["tel:+34600123456|34600123456"]),
            ("- Ana", &["-", "ana"]),
            ("0055", &["0055"]),
        ] {
            assert_eq!(read(typed), expected, "{typed}");
        }
        for nothing in ["", "  ", "\u{0}", "\u{200b}\u{2800}"] {
            assert_eq!(Sought::read(nothing), None);
        }
    }

    #[test]
    fn the_longest_name_of_the_longest_characters_can_be_found() {
        let most = ('\0'..=char::MAX)
            .map(|c| searchable(&c.to_string()).chars().count())
            .max();
        assert!(most.is_some_and(|most| most * 201 <= LONGEST), "{most:?}");
        // Four bytes each, the wildcards escaped.
        const { assert!(LONGEST * 4 + 2 < 50_000) };
        let many: String = ('a'..='z')
            .flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b} ")))
            .collect();
        assert!(!Sought::read(&many).expect("words").can_be_found());
    }
}
