//! What a deleted object waits for, and what is not looked at while a Provider is paused.

use serde_json::json;

use super::say::without_memory;
use super::{
    Arc, Clock, Object, ObjectKind, One, Pass, Stand, Standing, SystemClock, annotations, owners, to_value,
};

/// How many names are told.
const NAMES: usize = 5;

impl Pass<'_> {
    /// Why a deleted Account can't go and what to do, if living objects still name it.
    pub(super) fn in_use(&self, account: &Object) -> Option<String> {
        if account.key.kind != ObjectKind::Account {
            return None;
        }
        let living = self.objects.iter().filter(|object| !object.dying && object.names(account));
        let users = living.map(|object| self.named(object)).collect::<Vec<_>>();
        (!users.is_empty()).then(|| {
            format!(
                "Deleted, but still named by {}: it stays until they are deleted too, or name it no more, and until \
                 then what they declare there stays as it is. To keep the Account: `{}`, so that it goes and nobody is \
                 touched, and apply it again.",
                some_of(&users),
                annotations::keep_command(&account.key)
            )
        })
    }

    /// What a deleted Provider waits for.
    pub(super) fn waits_for(&self, one: &One) -> String {
        let mut all = one.objects();
        all.extend(self.memory.with(|state| state.map(owners).unwrap_or_default()));
        let users: Vec<String> = self
            .objects
            .iter()
            .filter(|object| all.contains(&object.key))
            .map(|object| self.named(object))
            .collect();
        format!(
            "Deleted; it waits for {}: they are looked after until they are gone too. To let it go at once, while \
             everybody stays at the provider: `{}`.",
            some_of(&users),
            annotations::keep_command(&self.object.key)
        )
    }

    /// Says of what was edited or deleted since it was last looked at that it waits.
    pub(super) async fn tell_paused(&self) -> Result<(), kube::Error> {
        let name = &self.object.key.name;
        let one = self.declared.providers.iter().find(|one| *one.settings.name.as_str() == **name);
        let mut ours = one.map(One::objects).unwrap_or_default();
        ours.extend(self.memory.with(|state| state.map(owners).unwrap_or_default()));
        let (parts, others) = (self.parts(), self.operator.others(&self.object.key));
        let now = SystemClock.now();
        let waiting = self.objects.iter().filter(|object| {
            let observed = object.status.tree()["observedGeneration"].as_i64();
            ours.contains(&object.key)
                && (object.dying || observed != Some(object.generation))
                // Others may have more to say.
                && parts.of(&object.key).count() < 2
                && others.know_nothing_of(object)
        });
        let said = waiting.map(|object| {
            let what = if object.dying { "Deleted" } else { "Not looked at yet" };
            let said = format!("{what}; the Provider {name} is paused, so nothing is done until it goes on.");
            let standing = Standing::new(Stand::Stalled, "Paused", said);
            let mut status = without_memory(object.status.tree());
            if !status.is_object() {
                status = json!({});
            }
            status["observedGeneration"] = json!(object.generation);
            status["conditions"] = to_value(&standing.conditions(object, now));
            (object.clone(), standing, status)
        });
        let written = self.operator.board.write(said.collect()).await; // I/O
        if let Err(error) = &written {
            tracing::warn!(provider = %self.object.key, "a status could not be written");
            tracing::debug!(provider = %self.object.key, %error, "a status could not be written");
        }
        written
    }

    /// An object as the Provider's owner would call it.
    fn named(&self, object: &Arc<Object>) -> String {
        let name = crate::object::seen_from(&object.key, self.object.key.namespace.as_deref());
        format!("{} {name}", object.key.kind.as_str())
    }
}

/// The first few, and how many more.
fn some_of(names: &[String]) -> String {
    let first = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "what names it".to_owned(),
        all if all > NAMES => format!("{first} and {} more", all - NAMES),
        _ => first,
    }
}
