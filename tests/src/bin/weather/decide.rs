//! What a person reads in a plan, and does about it.

use orgform_sim::pureport::Truth;
use serde_json::Value;

use crate::judge::Judge;
use crate::org::Org;

/// What a plan asks of a person.
#[derive(Debug, Default)]
pub(crate) struct Advice {
    /// Digests of what is held.
    pub(crate) releases: Vec<String>,
    pub(crate) decisions: Vec<Decision>,
    /// Addresses of refusals that are as the rules want them, for good.
    pub(crate) right: Vec<String>,
    /// Refusals that nobody knows what to do about.
    riddles: Vec<String>,
    /// Addresses of accounts that nobody declares any more, and that are kept for what is in them.
    pub(crate) staying: Vec<String>,
    /// Changes, adoptions, what is let go of, and what was not seen.
    left: usize,
}

/// What a person does.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// Has an invite mailed again.
    Resend { address: String, account: String, email: String },
    /// Has orgform let go of something.
    Forget { address: String, account: String, thing: Option<String> },
    /// Says that new accounts are no renames of old ones, by applying the removals first, and lets go of old ones
    /// that have to stay.
    NotARename { accounts: Vec<String> },
}

impl Decision {
    /// Whether it is made because something seems gone, and that is there: its list lacks it, for now.
    ///
    /// Of a member it may be made for other reasons: somebody else may have the e-mail now.
    pub(crate) fn is_about_what_is_there(&self, judge: &Judge, truth: &Truth) -> bool {
        match self {
            Self::Resend { account, email, .. } => {
                judge.is_there(truth, account, Some(&format!("member/{email}")))
            }
            Self::Forget { account, thing, .. } => {
                let thing = thing.as_deref();
                let is_member = thing.is_some_and(|thing| thing.starts_with("member/"));
                !is_member && judge.is_there(truth, account, thing)
            }
            Self::NotARename { .. } => false,
        }
    }
}

impl Advice {
    /// Reads a plan in JSON.
    pub(crate) fn of(plan: &Value, org: &Org) -> Self {
        let mut advice = Self::default();
        let plan = &plan["plans"][0];
        let list = |name: &str| plan[name].as_array().map_or(&[][..], Vec::as_slice);
        advice.left = ["changes", "adopted", "forgotten", "unseen"].map(|name| list(name).len()).iter().sum();
        advice.releases =
            list("held").iter().filter_map(|one| Some(one["digest"].as_str()?.to_owned())).collect();
        let stays = |one: &&Value| one["because"].as_str().is_some_and(|why| why.contains("let go of once"));
        let staying = list("kept").iter().filter(stays);
        advice.staying = staying.filter_map(|one| Some(one["address"].as_str()?.to_owned())).collect();
        let mut renames = vec![];
        for refused in list("refused") {
            advice.take(refused, org, &mut renames);
        }
        if !renames.is_empty() {
            advice.decisions.push(Decision::NotARename { accounts: renames });
        }
        advice
    }

    /// Whether there is nothing to do, for anybody.
    pub(crate) fn is_settled(&self, code: Option<i32>) -> bool {
        let quiet = self.releases.is_empty() && self.decisions.is_empty() && self.riddles.is_empty();
        quiet && self.left == 0 && code == Some(if self.right.is_empty() { 0 } else { 3 })
    }

    fn take(&mut self, refused: &Value, org: &Org, renames: &mut Vec<String>) {
        let text = |name: &str| refused[name].as_str().unwrap_or_default();
        let (address, next, because) = (text("address"), text("next"), text("because"));
        let (account, thing) = parts(address);
        let email = thing.and_then(|thing| thing.strip_prefix("member/"));
        if is_protected(because, org) || is_unused(account, thing, text("what"), org) {
            self.right.push(address.to_owned());
        } else if next.contains("orgform invites resend") {
            let email = email.unwrap_or_default().to_owned();
            self.decisions.push(Decision::Resend {
                address: address.to_owned(),
                account: account.to_owned(),
                email,
            });
        } else if next.contains("orgform forget") {
            let (thing, address) = (thing.map(str::to_owned), address.to_owned());
            self.decisions.push(Decision::Forget { address, account: account.to_owned(), thing });
        } else if because.contains("may be a rename") || because.contains("has another parent") {
            renames.push(account.to_owned());
        } else {
            self.riddles.push(refused.to_string());
        }
    }
}

/// The last label of the account in an address, and what in it is meant.
fn parts(address: &str) -> (&str, Option<&str>) {
    let (path, thing) = match address.split_once(':') {
        Some((path, thing)) => (path, Some(thing)),
        None => (address, None),
    };
    (path.rsplit('/').next().unwrap_or(path), thing)
}

/// Whether a refusal keeps somebody who is protected as they are.
fn is_protected(because: &str, org: &Org) -> bool {
    org.settings.protected.as_ref().is_some_and(|email| because.contains(&format!("{email} is protected")))
}

/// Whether a refusal keeps what nobody declares any more and others still use.
fn is_unused(account: &str, thing: Option<&str>, what: &str, org: &Org) -> bool {
    let declared = match thing.and_then(|thing| thing.split_once('/')) {
        Some(("role", role)) => org.roles.contains_key(role),
        None => org.accounts.contains_key(account),
        Some(_) => true,
    };
    what == "remove" && !declared
}
