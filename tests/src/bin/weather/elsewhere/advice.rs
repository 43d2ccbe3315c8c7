//! What a plan asks of a person.

use serde_json::Value;

/// What a plan asks of a person.
#[derive(Debug, Default)]
pub(super) struct Advice {
    /// Digests of what is held.
    pub(super) releases: Vec<String>,
    /// Addresses to mail again, to let go of, and to declare no more.
    pub(super) resends: Vec<String>,
    pub(super) forgets: Vec<String>,
    pub(super) drops: Vec<String>,
    /// Addresses of changes that are still to do.
    pub(super) changes: Vec<String>,
    /// Addresses of refusals that are as the rules want them, for good.
    pub(super) right: Vec<String>,
    /// Refusals that nobody knows what to do about.
    riddles: Vec<String>,
    /// Changes, adoptions, what is let go of, and what was not seen.
    left: usize,
}

impl Advice {
    /// Reads a plan in JSON.
    pub(super) fn of(plan: &Value) -> Self {
        let plan = &plan["plans"][0];
        let list = |name: &str| plan[name].as_array().map_or(&[][..], Vec::as_slice);
        let texts = |name: &str, field: &str| -> Vec<String> {
            list(name).iter().filter_map(|one| Some(one[field].as_str()?.to_owned())).collect()
        };
        let mut advice = Self {
            left: ["changes", "adopted", "forgotten", "unseen"].map(|name| list(name).len()).iter().sum(),
            changes: texts("changes", "address"),
            releases: texts("held", "digest"),
            ..Self::default()
        };
        for refused in list("refused") {
            let text = |name: &str| refused[name].as_str().unwrap_or_default();
            let (address, next, because) = (text("address").to_owned(), text("next"), text("because"));
            let place = if because.contains("can neither make nor invite") {
                &mut advice.drops
            } else if because.contains("reaches further than this account")
                || because.contains("admin")
                || because.contains("orgform itself")
            {
                &mut advice.right
            } else if next.contains("orgform invites resend") {
                &mut advice.resends
            } else if next.contains("orgform forget") {
                &mut advice.forgets
            } else {
                advice.riddles.push(refused.to_string());
                continue;
            };
            place.push(address);
        }
        advice
    }

    /// Whether there is nothing to do, for anybody.
    pub(super) fn is_settled(&self, code: Option<i32>) -> bool {
        let asked = [&self.releases, &self.resends, &self.forgets, &self.drops, &self.riddles];
        let quiet = asked.iter().all(|list| list.is_empty());
        quiet && self.left == 0 && code == Some(if self.right.is_empty() { 0 } else { 3 })
    }
}
