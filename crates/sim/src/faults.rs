//! Faults that a simulator commits on purpose.
//!
//! A fault says which requests it meets ([`Fault::method`], [`Fault::path`]), when it strikes ([`When`]) and
//! what happens then ([`Effect`]). All of it is deterministic: the same requests in the same order meet the
//! same faults. In JSON a list of faults reads
//!
//! ```json
//! [
//!   { "method": "POST", "path": "/accounts/*/invites", "when": { "nth": 2 }, "effect": "hangup-after" },
//!   { "path": "/accounts/**", "when": { "chance": { "p": 0.1, "seed": 7 } },
//!     "effect": { "status": { "code": 429, "retryAfter": 3 } } }
//! ]
//! ```

use serde::{Deserialize, Serialize};

use crate::ids;

/// A declared fault; each one counts the requests that it meets for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The method it meets, in upper case; absent: every method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path it meets, without query: `*` (or a name in braces) stands for one segment, `**` for any rest.
    pub path: String,
    /// When it strikes among the requests that it meets.
    #[serde(default)]
    pub when: When,
    /// What happens then.
    pub effect: Effect,
    /// How often it strikes at most; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

impl Fault {
    /// Returns a fault that strikes at every request for `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, effect: Effect) -> Self {
        Fault { method: None, path: path.into(), when: When::Always, effect, times: None }
    }

    /// Restricts the fault to one method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Says when it strikes.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Limits how often it strikes.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn meets(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && path_matches(&self.path, path)
    }
}

/// When a fault strikes among the requests that it meets, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// At each of them.
    #[default]
    Always,
    /// At this one only.
    Nth(u64),
    /// At this one and all later ones.
    From(u64),
    /// At each k-th one.
    Every(u64),
    /// At random, but the same in each run.
    #[serde(rename_all = "camelCase")]
    Chance {
        /// The share that is struck, 0 to 1.
        p: f64,
        /// Another seed strikes others.
        #[serde(default)]
        seed: u64,
    },
}

/// What happens to a request that is struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Answers with this status.
    #[serde(rename_all = "camelCase")]
    Status {
        /// The HTTP status.
        code: u16,
        /// Seconds for a `Retry-After` header; absent: no header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// Whether the answer has the provider's error body; absent: as the simulator's switch says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<bool>,
        /// True: the request is carried out first, only its answer is replaced.
        #[serde(default)]
        after: bool,
    },
    /// Closes the connection; nothing was carried out.
    HangupBefore,
    /// Carries the request out, then closes the connection without an answer.
    HangupAfter,
    /// Sends the head and the first half of the body, then closes the connection.
    Truncate,
    /// Answers later.
    #[serde(rename_all = "camelCase")]
    Delay {
        /// By how many milliseconds.
        millis: u64,
    },
    /// Leaves items out of a list, with no sign of it.
    #[serde(rename_all = "camelCase")]
    Shrink {
        /// How many are left out; more than there are: all.
        lose: usize,
    },
    /// Answers 200 with a body that is not JSON.
    Garble,
    /// Somebody else acts just before the request is carried out.
    Meanwhile {
        /// An act of the simulator, in its JSON form.
        act: serde_json::Value,
    },
}

/// The faults of a running simulator with their counts.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    faults: Vec<(Fault, Counts)>,
}

#[derive(Debug, Default)]
struct Counts {
    met: u64,
    struck: u64,
}

impl FaultPlan {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        FaultPlan { faults: faults.into_iter().map(|fault| (fault, Counts::default())).collect() }
    }

    /// Counts one request and returns what strikes it, in the order declared.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (index, (fault, counts)) in self.faults.iter_mut().enumerate() {
            if !fault.meets(method, path) {
                continue;
            }
            counts.met += 1;
            let due = match fault.when {
                When::Always => true,
                When::Nth(n) => counts.met == n,
                When::From(n) => counts.met >= n,
                When::Every(k) => k > 0 && counts.met.is_multiple_of(k),
                When::Chance { p, seed } => ids::chance(seed, &format!("fault {index}"), counts.met) < p,
            };
            if due && fault.times.is_none_or(|times| counts.struck < times) {
                counts.struck += 1;
                effects.push(fault.effect.clone());
            }
        }
        effects
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut found = path.split('/');
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some("**"), _) => return true,
            (Some(segment), Some(actual))
                if segment == "*" || segment.starts_with('{') || segment == actual => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_segments_and_rests() {
        assert!(path_matches("/accounts/*/invites", "/accounts/ac-1/invites"));
        assert!(path_matches("/accounts/{accountId}/invites", "/accounts/ac-1/invites"));
        assert!(!path_matches("/accounts/*", "/accounts/ac-1/invites"));
        assert!(path_matches("/accounts/**", "/accounts/ac-1/invites"));
        assert!(!path_matches("/accounts/*/invites", "/accounts/ac-1"));
    }

    #[test]
    fn the_documents_name_every_effect() {
        let page = include_str!("../../../docs/providers/pureport.md");
        let rows = page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once("` |")?.0));
        let named: Vec<Effect> = rows.filter_map(|text| serde_json::from_str(text).ok()).collect();
        let kinds: std::collections::HashSet<_> = named.iter().map(std::mem::discriminant).collect();
        assert_eq!((named.len(), kinds.len()), (8, 8), "{named:?}");
    }

    #[test]
    fn occurrences_are_counted_per_fault_and_limited() {
        let fault = Fault::new("/a", Effect::HangupBefore).method("GET").when(When::Every(2)).times(2);
        let mut plan = FaultPlan::new(vec![fault]);
        let struck: Vec<bool> = (0..8).map(|_| !plan.strike("GET", "/a").is_empty()).collect();
        assert_eq!(struck, [false, true, false, true, false, false, false, false]);
        assert!(plan.strike("POST", "/a").is_empty());
    }

    #[test]
    fn chance_strikes_the_same_requests_in_each_run() {
        let run = |seed| -> Vec<bool> {
            let fault = Fault::new("/a", Effect::Garble).when(When::Chance { p: 0.3, seed });
            let mut plan = FaultPlan::new(vec![fault]);
            (0..200).map(|_| !plan.strike("GET", "/a").is_empty()).collect()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let share = run(1).iter().filter(|struck| **struck).count();
        assert!((30..90).contains(&share), "{share} of 200");
    }

    #[test]
    fn the_json_form_is_read_and_typos_are_refused() {
        let text = r#"[{ "method": "POST", "path": "/login", "when": { "nth": 2 }, "effect": "hangup-after" },
            { "path": "/**", "effect": { "status": { "code": 429, "retryAfter": 3 } } }]"#;
        let faults: Vec<Fault> = serde_json::from_str(text).unwrap();
        assert_eq!(faults[0], Fault::new("/login", Effect::HangupAfter).method("POST").when(When::Nth(2)));
        let effect = Effect::Status { code: 429, retry_after: Some(3), body: None, after: false };
        assert_eq!(faults[1].effect, effect);
        assert!(serde_json::from_str::<Fault>(r#"{ "path": "/", "efect": "garble" }"#).is_err());
    }
}
