//! What people say to a plan: mails that are sent again, effects that are agreed to, held groups that go or are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgform_plan::Held;

use super::asked::Made;
use super::{
    Address, Approval, ApprovedPlan, Consent, Digest, EngineError, Entry, MailOutcome, NotApproved,
    ObjectKind, ObjectRef, Offer, One, OpenState, Pass, Plan, ProviderState, Releases, Requests, Timestamp,
    age, annotations, letting_go, picture, to_value,
};

/// How long an offer can be agreed to.
const OFFER: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many offers are kept.
const OFFERS: usize = 8;

impl Pass<'_> {
    /// What somebody asked for beyond what is declared: mails to be sent again, keys to be made again.
    pub(super) fn requests(&self, one: &One, state: Option<&ProviderState>) -> Requests {
        let (resend, remake) = (self.resends(one, state), self.remakes(one, state));
        Requests { resend, remake }
    }

    fn remakes(&self, one: &One, state: Option<&ProviderState>) -> BTreeSet<Address> {
        let asked =
            self.objects.iter().filter_map(|object| Some((&object.key, annotations::remake(object)?)));
        let asked: BTreeMap<&ObjectRef, &str> =
            asked.filter(|(key, _)| key.kind == ObjectKind::ApiKey).collect();
        let keys = state.into_iter().flat_map(|state| &state.api_keys);
        let named = keys.filter(|(id, record)| asked.get(&record.object) == Some(&id.as_str()));
        named.map(|(_, record)| Address::api_key(&one.settings.name, &record.label)).collect()
    }

    fn resends(&self, one: &One, state: Option<&ProviderState>) -> BTreeSet<Address> {
        let mut resend = BTreeSet::new();
        let now = Timestamp::now();
        let asked = self.objects.iter().filter(|object| object.key.kind == ObjectKind::Member);
        let asked: BTreeMap<&ObjectRef, (Timestamp, BTreeSet<&str>)> =
            asked.filter_map(|object| Some((&object.key, annotations::resends(object, now)?))).collect();
        let Some(state) = state.filter(|_| !asked.is_empty()) else { return resend };
        for (path, email, membership) in one.desired.all_memberships() {
            let Some((at, accounts)) = asked.get(&membership.object) else { continue };
            let id = state.accounts.iter().find(|(_, record)| record.path == *path).map(|(id, _)| id);
            let Some(record) = id.and_then(|id| state.membership(id, email)) else { continue };
            let name = one.desired.accounts.get(path).map(|account| &*account.object.name);
            let is_named = name.is_some_and(|name| accounts.contains(name));
            let may_be_lost = matches!(record.mail.outcome, Some(MailOutcome::Unknown | MailOutcome::Failed));
            if (is_named || may_be_lost) && record.mail.last.is_none_or(|last| last < *at) {
                resend.insert(Address::member(&one.settings.name, path, email));
            }
        }
        resend
    }

    /// Reduces a plan to what may be done.
    pub(super) fn approve(
        &self,
        one: &One,
        plan: &Plan,
        releases: &Releases,
        offers: &[Offer],
    ) -> Result<ApprovedPlan, NotApproved> {
        let groups = plan.held.iter().filter(|group| !self.is_spent(group.digest.as_str()));
        let named = groups.filter(|group| releases.remove.iter().any(|named| group.digest.is_named(named)));
        let effects = match one.desired.policy.approval {
            Approval::None => None,
            Approval::Required => Some(self.agreed(offers)),
        };
        let consent =
            Consent { effects, releases: named.map(|group| group.digest.as_str().to_owned()).collect() };
        // The releases were taken from this very plan, and it is no look ahead.
        orgform_plan::approve(plan.clone(), &consent)
    }

    /// The effects behind the digest that somebody agreed to.
    fn agreed(&self, offers: &[Offer]) -> BTreeSet<Digest> {
        let Some(named) = annotations::approved(&self.object) else { return BTreeSet::new() };
        let offer = offers.iter().find(|offer| offer.digest == named);
        let prints = offer.into_iter().flat_map(|offer| &offer.fingerprints);
        prints.filter_map(|text| serde_json::from_value(to_value(text)).ok()).collect()
    }

    /// What can be agreed to: what was shown in the last seven days, this plan among it.
    pub(super) fn offers(&self, one: &One, plan: &Plan) -> Vec<Offer> {
        if one.desired.policy.approval != Approval::Required {
            return vec![];
        }
        let now = Timestamp::now();
        let mut offers = picture::offers(&self.object);
        offers.retain(|offer| age(offer.at, now) < OFFER);
        let digest = plan.digest.as_str();
        if !plan.changes.is_empty() && !offers.iter().any(|offer| offer.digest == digest) {
            let prints: BTreeSet<Digest> = plan.changes.iter().flat_map(orgform_plan::fingerprints).collect();
            let fingerprints = prints.iter().map(|one| one.as_str().to_owned()).collect();
            offers.push(Offer { digest: digest.to_owned(), at: now, fingerprints });
        }
        let surplus = offers.len().saturating_sub(OFFERS);
        offers.drain(..surplus);
        offers
    }

    /// Lets go of everything in held groups that is to be kept: nobody is touched. Says how many groups those were.
    ///
    /// A group with an edit in it is left as it is, and so is one that shares a deleted object with such a group: without
    /// the deletions that edit might be small enough to go by itself.
    pub(super) async fn keep(
        &self,
        one: &One,
        plan: &Plan,
        releases: &Releases,
        state: &mut OpenState,
    ) -> Result<usize, EngineError> {
        let is_named = |group: &Held| releases.keep.iter().any(|named| group.digest.is_named(named));
        if !plan.held.iter().any(is_named) {
            return Ok(0);
        }
        let groups = plan.held.iter().zip(self.made_of(one, &plan.held));
        let named: Vec<(&Held, Made)> = groups
            .filter(|(group, made)| {
                is_named(group) && !self.is_spent(&keeping(&group.digest)) && made.hurdles.edits.is_empty()
            })
            .collect();
        let name = &one.settings.name;
        let Some(known) = state.provider(name) else { return Ok(0) };
        let objects: BTreeSet<&ObjectRef> = named.iter().flat_map(|(_, made)| &made.dying).collect();
        let mut entries: Vec<Entry> = objects.iter().flat_map(|object| letting_go(known, object)).collect();
        if entries.is_empty() {
            return Ok(0);
        }
        // It is said once: who deletes the same objects again is asked again.
        let at = Timestamp::now();
        entries.extend(named.iter().map(|(group, _)| Entry::Spent { digest: keeping(&group.digest), at }));
        state.record(name, entries).await?; // I/O
        Ok(named.len())
    }

    /// Whether something that somebody agreed to was carried out.
    pub(super) fn is_spent(&self, digest: &str) -> bool {
        self.memory.with(|state| state.is_some_and(|state| state.spent.contains_key(digest)))
    }
}

/// What is spent once the people of a group were kept; letting them go is another thing.
fn keeping(group: &Digest) -> String {
    format!("keep={}", group.as_str())
}
