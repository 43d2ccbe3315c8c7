//! The plan file: what `orgform plan --out FILE` writes and `orgform apply FILE` takes as consent.
//!
//! It holds fingerprints and the text that was shown, nothing that could be carried out: apply plans again and
//! does only what the file agrees to. It has no secret, no invite link, and of people only what the text shows
//! and what was asked for by address.
//!
//! The checksum finds damage, not forgery: who can write the file can agree to anything anyhow.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use orgform_model::{ProviderName, RootId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::consent::Consent;
use crate::digest::{Digest, fingerprints};
use crate::plan::Plan;
use crate::render::{self, Style};

/// The version of the form that is written.
pub const FORMAT: u32 = 1;

/// How long a plan file is good for, in hours: a consent lapses after 7 days.
const LIFE_IN_HOURS: i64 = 7 * 24;

/// The field that tells a plan file from other JSON; its value is the version.
const MARK: &str = "orgformPlan";

/// A saved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanFile {
    /// The version of the form.
    #[serde(rename = "orgformPlan")]
    pub format: u32,
    /// The root that it was made for.
    pub root: RootId,
    /// When it was made.
    pub made_at: Timestamp,
    /// The paths and addresses that were asked for; none for everything. Applying plans for the same again.
    pub asked_for: Vec<String>,
    /// What was agreed to, by provider.
    pub providers: BTreeMap<ProviderName, SavedPlan>,
}

/// What was agreed to for one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedPlan {
    /// The plan's digest.
    pub digest: Digest,
    /// The fingerprint of each effect.
    pub effects: BTreeSet<Digest>,
    /// What was shown, without colour.
    pub shown: String,
}

/// Why a plan file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// It is something else.
    #[error("this is not a plan file; `orgform plan --out FILE` makes one")]
    NotAPlanFile,
    /// A later orgform made it.
    #[error(
        "this plan file has format {found}, and this orgform knows up to {FORMAT}; use the orgform that made it"
    )]
    Newer {
        /// Its version.
        found: u64,
    },
    /// It is not as it was written.
    #[error("this plan file is damaged ({because}); make a new one with `orgform plan --out FILE`")]
    Damaged {
        /// How that shows, as a clause.
        because: String,
    },
    /// It was made for another root.
    #[error("this plan file is for the root {found}, and this is the root {here}")]
    OtherRoot {
        /// Its root.
        found: RootId,
        /// The root at hand.
        here: RootId,
    },
    /// It is too old.
    #[error("this plan file lapsed on {}; make a new one with `orgform plan --out FILE`", at.strftime("%-d %B %Y, %H:%M UTC"))]
    Lapsed {
        /// When it did.
        at: Timestamp,
    },
}

impl SavedPlan {
    /// What somebody agrees to who has seen this plan.
    pub fn of(plan: &Plan, now: Timestamp, style: &Style) -> Self {
        Self {
            digest: plan.digest.clone(),
            // Nobody can agree today to what is planned for a later time.
            effects: match &plan.ahead {
                Some(_) => BTreeSet::new(),
                None => plan.changes.iter().flat_map(fingerprints).collect(),
            },
            shown: render::text(plan, now, &Style { color: false, ..*style }),
        }
    }
}

impl PlanFile {
    /// A file with these plans.
    pub fn new(root: RootId, asked_for: Vec<String>, plans: &[Plan], now: Timestamp, style: &Style) -> Self {
        let providers =
            plans.iter().map(|plan| (plan.provider.clone(), SavedPlan::of(plan, now, style))).collect();
        Self { format: FORMAT, root, made_at: now, asked_for, providers }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never in practice: everything in it has a JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_value(self)?;
        if let Value::Object(map) = &mut json {
            map.insert("checksum".to_owned(), Value::String(self.checksum()?.to_string()));
        }
        Ok(serde_json::to_string_pretty(&json)? + "\n")
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no plan file, is a newer one, or is not as it was written.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let damaged = |because: String| PlanFileError::Damaged { because };
        let mut json: Value = match serde_json::from_str(text) {
            Ok(json) => json,
            // One that was cut off, or merged with conflicts, still says what it is.
            Err(error) if text.contains(&format!("\"{MARK}\"")) => return Err(damaged(error.to_string())),
            Err(_) => return Err(PlanFileError::NotAPlanFile),
        };
        let map = json.as_object_mut().ok_or(PlanFileError::NotAPlanFile)?;
        let found = map.get(MARK).and_then(Value::as_u64).ok_or(PlanFileError::NotAPlanFile)?;
        if found > u64::from(FORMAT) {
            return Err(PlanFileError::Newer { found });
        }
        let Some(Value::String(checksum)) = map.remove("checksum") else {
            return Err(damaged("its checksum is missing".to_owned()));
        };
        let file: Self = serde_json::from_value(json).map_err(|error| damaged(error.to_string()))?;
        let actual = file.checksum().map_err(|error| damaged(error.to_string()))?;
        if actual.as_str() != checksum {
            return Err(damaged("its checksum does not fit".to_owned()));
        }
        Ok(file)
    }

    /// Whether it may be applied here and now.
    ///
    /// # Errors
    /// When it was made for another root, or has lapsed.
    pub fn check(&self, here: &RootId, now: Timestamp) -> Result<(), PlanFileError> {
        if self.root != *here {
            return Err(PlanFileError::OtherRoot { found: self.root.clone(), here: here.clone() });
        }
        let at = self.lapses_at();
        if now >= at { Err(PlanFileError::Lapsed { at }) } else { Ok(()) }
    }

    /// When it stops being a consent: 7 days after it was made.
    pub fn lapses_at(&self) -> Timestamp {
        let life = SignedDuration::from_hours(LIFE_IN_HOURS);
        self.made_at.checked_add(life).unwrap_or(self.made_at)
    }

    /// What it agrees to for a provider: nothing, for one that it does not have.
    pub fn consent(&self, provider: &ProviderName) -> Consent {
        let effects = self.providers.get(provider).map(|saved| saved.effects.clone()).unwrap_or_default();
        Consent { effects: Some(effects), releases: BTreeSet::new() }
    }

    fn checksum(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest::of(&serde_json::to_string(self)?))
    }
}
