//! Weak passwords: those that are tried first.
//!
//! Owns: a list of words and passwords that people choose and that were found in breaches, and the ways in which people
//! dress them up: capitals, figures for letters, figures and signs around them, the same again.
//! The list `weak/passwords.txt` has 32,881 lines, sorted. It is made from the 49,233 passwords of `@zxcvbn-ts/language-common`
//! 4.1.3 (MIT, Copyright 2012-2016 Dan Wheeler and Dropbox, 2021 zxcvbn-ts): in small letters, each without what is no
//! letter at its ends where five letters or more are left and nothing else, and those of ten characters or more whole.
//! Does not: measure strength. Source: NIST SP 800-63B §5.1.1.2 (lists of what is commonly used, expected or compromised).

/// Sorted, one a line.
static LIST: &str = include_str!("weak/passwords.txt");

/// Is the password, in small letters, one of the list, or one of the list dressed up?
pub(crate) fn is_common(small: &str) -> bool {
    let ends = |c: char| !c.is_alphabetic();
    let bare = [small.trim_matches(ends), small.trim_end_matches(ends)];
    listed(small) || bare.iter().any(|core| listed(core) || listed(&undressed(core)))
}

/// Is it the same few characters again and again, or a run along the alphabet, the figures, or a row of keys?
pub(crate) fn is_pattern(small: &str) -> bool {
    let letters: Vec<char> = small.chars().collect();
    repeats(&letters) || runs(&letters)
}

/// The whole is a shorter piece, again and again; the last may be cut off.
fn repeats(letters: &[char]) -> bool {
    let half = letters.len() / 2;
    (1..=half).any(|period| letters.iter().zip(letters.iter().skip(period)).all(|(one, next)| one == next))
}

/// All but a few neighbours are neighbours in the alphabet or on the keys, or are the same.
fn runs(letters: &[char]) -> bool {
    let beside = |pair: &[char]| match pair {
        [one, next] => u32::from(*one).abs_diff(u32::from(*next)) <= 1 || on_keys(*one, *next),
        _ => false,
    };
    let count = letters.windows(2).filter(|pair| beside(pair)).count();
    count * 4 >= letters.len().saturating_sub(1) * 3
}

fn on_keys(one: char, next: char) -> bool {
    KEYS.iter().any(|row| row.contains(&format!("{one}{next}")) || row.contains(&format!("{next}{one}")))
}

const KEYS: [&str; 5] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "!@#$%^&*()"];

/// Letters in the place of figures and signs that are taken for them.
fn undressed(text: &str) -> String {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        c => c,
    };
    text.chars().map(letter).collect()
}

/// Does it stand in the list? The list is halved until its line is found.
fn listed(word: &str) -> bool {
    let mut rest = LIST;
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let start =
            rest.as_bytes().iter().take(middle).rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (before, after) = rest.split_at_checked(start).unwrap_or(("", rest));
        let (line, after) = after.split_once('\n').unwrap_or((after, ""));
        match word.cmp(line) {
            std::cmp::Ordering::Equal => return !word.is_empty(),
            std::cmp::Ordering::Less => rest = before,
            std::cmp::Ordering::Greater => rest = after,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_line_of_it_is_found() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert_eq!(lines.len(), 32_881);
        assert!(lines.is_sorted());
        assert!(lines.iter().all(|line| listed(line)));
        for absent in ["", "correcthorsebattery", "zzzzzzzzzzzzzzzzzz~", "\u{0}", "passwor\n"] {
            assert!(!listed(absent), "{absent:?}");
        }
    }

    #[test]
    fn what_is_common_stays_common_however_it_is_dressed_up() {
        for weak in [
            "sunshine2024",
            "p@ssw0rd2024!!",
            "123456password",
            "$$iloveyou$$",
            "1qaz2wsx3edc",
            "dr4g0n!!!!!!",
        ] {
            assert!(is_common(weak), "{weak}");
        }
        for good in
            ["水湳經貿園區的早餐店", "correct horse battery", "kq7-veldt-mrz9-ton", "my sunshine at the pier"]
        {
            assert!(!is_common(good), "{good}");
        }
    }

    #[test]
    fn patterns_are_seen() {
        for weak in [
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "wardwardwar",
            "123456789012",
            "zyxwvutsrqpo",
            "qwertyuiopas",
            "臺中市臺中市臺中市",
        ] {
            assert!(is_pattern(weak), "{weak}");
        }
        for good in ["correct horse battery", "kq7-veldt-mrz9-ton", "水湳經貿園區的早餐店好"] {
            assert!(!is_pattern(good), "{good}");
        }
    }
}
