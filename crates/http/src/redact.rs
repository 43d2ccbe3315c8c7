//! Keeps secrets, links and personal data out of messages and logs.
//!
//! What a server says is shown to people and kept in reports, so it is cleaned first: it may echo a token, an
//! invite's link, or control characters meant for a terminal. Logs get a path without e-mails and query values.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The most characters of a server's text that are shown.
const LONGEST: usize = 200;
/// From this length on, a word without an `@` can only be a token.
const TOKEN: usize = 48;

/// Cleans a server's text: known secrets, links, whatever looks like a token, and control characters go.
pub fn text(text: &str, secrets: &[&SecretString]) -> String {
    let mut text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    for secret in secrets {
        let secret = secret.expose_secret();
        // Shorter ones would tear ordinary words apart, and guard nothing.
        if secret.len() >= 4 {
            text = text.replace(secret, "[secret]");
        }
    }
    let words: Vec<&str> = text.split_whitespace().map(word).collect();
    let mut text = words.join(" ");
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain(['…']).collect();
    }
    text
}

/// Keeps a code only if it looks like one: `API_KEY_NOT_FOUND`.
pub fn code(code: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!code.is_empty() && code.len() <= 64 && code.chars().all(plain)).then(|| code.to_owned())
}

/// The path of a call for logs: without e-mails and these secrets, with the names of query parameters only.
pub fn path(url: &Url, secrets: &[SecretString]) -> String {
    let is_secret = |part: &str| secrets.iter().any(|secret| secret.expose_secret() == part);
    let segments = url.path_segments().into_iter().flatten();
    let segments = segments.map(|part| if is_secret(part) { "{secret}" } else { part });
    let shown: Vec<&str> = segments
        .map(|part| if part.contains('@') || part.contains("%40") { "{email}" } else { part })
        .collect();
    let names: Vec<String> = url.query_pairs().map(|(name, _)| format!("{name}=…")).collect();
    let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
    format!("/{}{query}", shown.join("/"))
}

/// A URL for messages: without a user, password, query or fragment.
pub fn url(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can fail in a way that matters: a URL that can't hold a user has none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

fn word(word: &str) -> &str {
    let lower = word.to_ascii_lowercase();
    if lower.contains("://") || lower.contains("token=") || lower.contains("code=") {
        return "[link]";
    }
    let token = word.len() >= TOKEN && !word.contains('@');
    if token || word.contains("eyJ") { "[secret]" } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_a_path_is_not_in_logs() {
        let url = Url::parse("https://api.example/invites/0a1b-2c3d/resend").unwrap();
        assert_eq!(path(&url, &[SecretString::from("0a1b-2c3d")]), "/invites/{secret}/resend");
    }

    #[test]
    fn a_servers_text_loses_secrets_links_tokens_and_control_characters() {
        let secret = SecretString::from("s3cr3t-value");
        let said = "bad \u{1b}[31msecret s3cr3t-value, see https://x.example/join/abc, eyJhbGciOi.J9.x /join?token=1";
        assert_eq!(text(said, &[&secret]), "bad [31msecret [secret], see [link] [secret] [link]");
        assert_eq!(text(&"z".repeat(60), &[]), "[secret]");
        assert_eq!(text(&"word ".repeat(100), &[]).chars().count(), LONGEST + 1);
        assert_eq!(
            text("member ada@acme.example is being updated", &[]),
            "member ada@acme.example is being updated"
        );
    }

    #[test]
    fn a_code_that_is_no_code_is_not_shown() {
        assert_eq!(code("API_KEY_NOT_FOUND").as_deref(), Some("API_KEY_NOT_FOUND"));
        assert_eq!(code("see https://x.example"), None);
        assert_eq!(code(&"A".repeat(65)), None);
    }

    #[test]
    fn a_logged_path_has_no_email_and_no_query_value() {
        let url =
            Url::parse("https://u:p@x.example/users/ada%40acme.example?emailAddress=ada@acme.example&a=b")
                .unwrap();
        assert_eq!(path(&url, &[]), "/users/{email}?emailAddress=…&a=…");
        assert_eq!(super::url(&url), "https://x.example/users/ada%40acme.example");
    }
}
