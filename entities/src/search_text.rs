//! What the columns `search_text` hold: the normal form in which texts are searched. Whatever is changed here changes
//! what is stored, and takes a migration that writes it anew (`m0020_search_text` does so for all rows).

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// White space as Unicode has it, the separators among the control characters, and the blanks that scripts have
/// letters for: a gap, whatever it is made of.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// What leaves no trace on paper: control characters, those that turn the direction of the letters behind them
/// (`gpj.exe` is read as `exe.jpg` after U+202E; right-to-left letters have their direction by themselves), and
/// what Unicode lets every font ignore.
pub fn is_unseen(c: char) -> bool {
    (c.is_control() && !is_space(c))
        || matches!(c,
            // Soft hyphen, Arabic letter mark, fillers of Hangul syllables, inherent vowels of Khmer.
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            // Zero width space and directions; invisible operators and word joiner.
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Byte order mark, halves of no character, annotations, an object that was lost on the way.
            | '\u{feff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{fffc}' | '\u{fffe}' | '\u{ffff}'
            // Controls of shorthand and of musical notation.
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
            // Language tags and what is left of their plane.
            | '\u{e0000}'..='\u{e001f}' | '\u{e0080}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

/// What cannot be seen by itself and has its use behind a letter or a picture: joiners of Persian and Indic scripts
/// and of pictures, variation selectors, and the tags that flags are spelt with.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}' | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether there is anything in it that can be seen.
pub fn says_something(text: &str) -> bool {
    let alone = |c: char| is_space(c) || is_unseen(c) || is_joiner(c) || is_combining_mark(c);
    !text.chars().all(alone)
}

/// Without case, accents and what cannot be seen; every gap is one space; quotes, apostrophes, hyphens and digits
/// are the plain ones. Down, up and down again makes one of letters that differ in one case only: ß and ẞ and ss,
/// ς and σ, ı and i. Latin letters that Unicode does not take apart become what people type who do not have them on
/// their keyboard.
pub fn searchable(text: &str) -> String {
    let letters = text
        .chars()
        .map(plain_mark)
        .filter(|c| !is_unseen(*c) && !is_joiner(*c))
        .map(|c| if is_space(c) { ' ' } else { c })
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        // What was taken apart may have any of them in it.
        .filter(|c| !is_unseen(*c) && !is_joiner(*c))
        .map(plain_mark);
    let mut normal = String::with_capacity(text.len());
    for c in letters {
        match plain_letters(c) {
            Some(letters) => normal.push_str(letters),
            None if !is_space(c) => normal.push(digit(c)),
            None if normal.is_empty() || normal.ends_with(' ') => {}
            None => normal.push(' '),
        }
    }
    normal.truncate(normal.trim_end().len());
    normal
}

/// S3.16: the five fields of a person that are searched. Phones stand in it twice: as they are written, and as they
/// are dialled. A line break keeps a match from reaching over two fields.
pub fn of_person(first: &str, last: &str, email: &str, phone: Option<&str>, company: Option<&str>) -> String {
    let phone = phone.map(searchable);
    let mut lines = vec![searchable(&format!("{first} {last}")), searchable(email)];
    if let Some(phone) = phone {
        let dialled = dialled(&phone);
        lines.push(phone);
        lines.extend(dialled);
    }
    lines.extend(company.map(searchable));
    lines.join("\n")
}

/// The digits of a number in its normal form; once more without the `(0)` that is not dialled from abroad. Letters
/// count where they stand for digits, as in 1-800-FLOWERS.
pub fn dialled(phone: &str) -> Vec<String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut dialled = vec![digits(phone)];
    if (3..5).contains(&dialled[0].len()) {
        dialled[0] = phone.chars().filter_map(key).collect();
    }
    if phone.contains("(0)") {
        dialled.push(digits(&phone.replace("(0)", "")));
    }
    dialled
}

/// The key that a character is on (ITU-T E.161).
fn key(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => c,
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        _ => return None,
    })
}

fn plain_mark(c: char) -> char {
    match c {
        '`' | '´' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ʾ' | 'ʿ' | 'ˈ' | 'ˊ' | 'ˋ' | '΄' | '՚' | '׳' | '᾽' | '᾿'
        | '῾' | '‘' | '’' | '‚' | '‛' | '′' | '‵' | 'ꞌ' | '＇' | '｀' => '\'',
        '“' | '”' | '„' | '‟' | '«' | '»' | '‹' | '›' | '″' | '‶' | '״' | '〝' | '〞' | '〟' | '＂' | 'ˮ' => {
            '"'
        }
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '⁃' | '˗' | '֊' | '־' | '᠆' | '⸺' | '⸻' | '﹘' | '﹣'
        | '－' => '-',
        _ => c,
    }
}

fn plain_letters(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' | 'ɖ' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ł' => "l",
        'ŋ' => "n",
        'ŧ' => "t",
        _ => return None,
    })
}

/// Where the ten digits of a script begin (Unicode's Nd; what is a variant of 0 to 9 has been taken apart before).
const ZEROS: [u32; 41] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
    0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x1e950,
];

/// A digit of any script as one of 0 to 9; everything else as it is.
fn digit(c: char) -> char {
    let value = ZEROS
        .iter()
        .find_map(|zero| u32::from(c).checked_sub(*zero).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_has_no_case_and_no_accents() {
        for (text, normal) in [
            ("Ángela NÚÑEZ", "angela nunez"),
            ("São Paulo", "sao paulo"),
            ("ﬁn", "fin"),
            ("Straße STRASSE STRAẞE", "strasse strasse strasse"),
            ("İstanbul IŞIK ışık", "istanbul isik isik"),
            ("Łukasz Bjørn Đặng ÐAVÍÐ", "lukasz bjorn dang david"),
            ("Œuvre Ærø Þór ǾRSTED", "oeuvre aero thor orsted"),
            ("Ħal Ŧ Ŋ Ɖ ł", "hal t n d l"),
            ("ＡＢＣ１２３", "abc123"),
            ("\u{2068}Ana\u{2069}", "ana"),
            ("ΟΔΥΣΣΕΥΣ Ὀδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ] {
            assert_eq!(searchable(text), normal);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_not_searched_and_every_gap_is_one_space() {
        for (text, normal) in [
            ("  Ana\t\r\nMaría\u{a0}\u{3000} Gil\u{2028}", "ana maria gil"),
            ("Ana\u{2800}María\u{3164}Gil\u{ffa0}", "ana maria gil"),
            ("A\u{200b}n\u{ad}a\u{2060}\u{feff}\u{115f}", "ana"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("👩\u{200d}💻❤\u{fe0f} 葛\u{e0100}", "👩💻❤ 葛"),
            ("\u{2800}\u{200b}\u{e0020}", ""),
        ] {
            assert_eq!(searchable(text), normal, "{text:?}");
            assert_eq!(says_something(text), !normal.is_empty(), "{text:?}");
        }
        assert!(!says_something("\u{301}"), "an accent on nothing");
    }

    #[test]
    fn marks_and_digits_are_the_plain_ones() {
        for text in [
            "D'Angelo",
            "D’Angelo",
            "DʼAngelo",
            "D‘Angelo",
            "D´Angelo",
            "D`Angelo",
            "D＇Angelo",
        ] {
            assert_eq!(searchable(text), "d'angelo", "{text}");
        }
        for text in ["a-b", "a‐b", "a‑b", "a–b", "a—b", "a−b", "a－b"] {
            assert_eq!(searchable(text), "a-b", "{text}");
        }
        for text in ["\"Sol\"", "“Sol”", "«Sol»", "„Sol“", "″Sol″"] {
            assert_eq!(searchable(text), "\"sol\"", "{text}");
        }
        for text in ["600123", "６００１２３", "٦٠٠١٢٣", "۶۰۰۱۲۳", "६००१२३", "𝟔𝟎𝟎𝟏𝟐𝟑"]
        {
            assert_eq!(searchable(text), "600123", "{text}");
        }
    }

    #[test]
    fn phones_are_found_as_they_are_dialled() {
        for (phone, dialled_as) in [
            ("+34 (600) 123-456", &["34600123456"][..]),
            ("+44 (0)20 7946 0000", &["4402079460000", "442079460000"]),
            ("600 123 456 ext. 12", &["60012345612"]),
            ("1-800-flowers", &["18003569377"]),
        ] {
            assert_eq!(dialled(phone), dialled_as, "{phone}");
        }
        assert_eq!(
            of_person("Ana", "Gil", "Ana@x.test", Some("600 123 456"), Some("Sol")),
            "ana gil\nana@x.test\n600 123 456\n600123456\nsol"
        );
    }
}
