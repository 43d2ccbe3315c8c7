//! What names, e-mails and numbers look like, and how text of users is shown in messages.

/// A text of a user in backticks: control characters escaped, long ones cut.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            shown.push('…');
            break;
        }
        if is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown.push('`');
    shown
}

/// Whether a character would steer a terminal or hide text instead of being seen.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Says why a text is not a `metadata.name`: a DNS-1123 subdomain, as in Kubernetes.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name.is_empty() {
        return Some("a name can't be empty");
    }
    if name.len() > 253 {
        return Some("a name has at most 253 characters");
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some("a name is written in lower case");
    }
    if !name.bytes().all(|byte| letter(byte) || byte == b'-' || byte == b'.') {
        return Some("a name has only letters, digits, `-` and `.`");
    }
    let ends_well = |label: &str| {
        label.bytes().next().is_some_and(letter) && label.bytes().next_back().is_some_and(letter)
    };
    if !name.split('.').all(ends_well) {
        return Some("a name, and each part of it between dots, starts and ends with a letter or digit");
    }
    if name.split('.').any(|label| label.len() > 63) {
        return Some("a part of a name has at most 63 characters");
    }
    None
}

/// Says why a text does not look like an e-mail address.
pub fn email_fault(email: &str) -> Option<&'static str> {
    let Some((local, domain)) = email.rsplit_once('@') else {
        return Some("there is no `@` in it");
    };
    if email.chars().count() > 254 {
        return Some("an e-mail address has at most 254 characters");
    }
    if local.is_empty() || local.contains('@') {
        return Some("one name stands before the `@`");
    }
    if email.chars().any(|character| {
        character.is_whitespace()
            || is_hidden(character)
            || matches!(character, '<' | '>' | ',' | ';' | '"' | '/')
    }) {
        return Some("only the address is written here: no spaces, brackets, slashes or lists");
    }
    let labels_fine = domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    });
    if !labels_fine || !domain.contains('.') {
        return Some("what stands after the `@` is not a domain");
    }
    None
}

/// Whether some YAML reader would take this unquoted text for a number.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && (digits.parse::<f64>().is_ok()
            || digits.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            || digits.strip_prefix("0o").is_some_and(|octal| octal.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Whether some YAML reader would not take this unquoted text for a text.
pub(crate) fn is_read_otherwise(text: &str) -> bool {
    let word = text.len() <= 5
        && matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    word || is_number(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_kubernetes() {
        for name in ["ada", "a", "network-operator", "eu.finance", "7days"] {
            assert_eq!(name_fault(name), None, "{name}");
        }
        for name in ["", "Ada", "ada lovelace", "-ada", "ada-", "a..b", "a/b", "ä", &"x".repeat(64)] {
            assert!(name_fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn addresses_that_can_be_mailed_are_accepted() {
        for email in
            ["ada@acme.example", "Ada.L+x@sub.acme.example", "o'neil@acme.example", "jürgen@müller.example"]
        {
            assert_eq!(email_fault(email), None, "{email}");
        }
        for email in [
            "ada",
            "@acme.example",
            "ada@",
            "ada@acme",
            "a b@acme.example",
            "Ada <a@b.example>",
            "a@b@c.example",
        ] {
            assert!(email_fault(email).is_some(), "{email}");
        }
    }

    #[test]
    fn control_characters_of_users_never_reach_the_terminal() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}"), "`a\\u{1b}[31m\\u{202e}`");
    }
}
