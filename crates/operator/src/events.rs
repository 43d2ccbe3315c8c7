//! Kubernetes Events: one when the reason of an object's `Ready` condition changes, or the digest that it is about, and one
//! of a Provider when something was written there; none otherwise.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use crate::conditions::{Stand, Standing, cut};
use crate::object::Object;

/// Tells Events.
#[derive(Clone)]
pub(crate) struct Events {
    client: Client,
    reporter: Reporter,
}

impl Events {
    /// Tells them in the name of this copy.
    pub(crate) fn new(client: Client, us: &str) -> Self {
        let reporter =
            Reporter { controller: "orgform.dev/operator".to_owned(), instance: Some(us.to_owned()) };
        Self { client, reporter }
    }

    /// Tells how an object stands now. That it could not be told hinders nothing.
    pub(crate) async fn tell(&self, object: &Object, standing: &Standing) {
        let type_ = match standing.stand {
            Stand::Ready | Stand::Coming => EventType::Normal,
            Stand::Stalled => EventType::Warning,
        };
        self.publish(object, type_, &standing.reason, &standing.message).await;
    }

    /// Tells what happened to an object.
    pub(crate) async fn happened(&self, object: &Object, reason: &str, said: &str, is_well: bool) {
        let type_ = if is_well { EventType::Normal } else { EventType::Warning };
        self.publish(object, type_, reason, said).await;
    }

    async fn publish(&self, object: &Object, type_: EventType, reason: &str, said: &str) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(cut(said, 1000)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        let reference = ObjectReference {
            api_version: Some(orgform_spec::API_VERSION.to_owned()),
            kind: Some(object.key.kind.as_str().to_owned()),
            name: Some(object.key.name.to_string()),
            namespace: Some(object.namespace().to_string()),
            uid: Some(object.uid.clone()),
            ..ObjectReference::default()
        };
        // One that is kept counts whatever has the same reason, and shows the note of the first.
        let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
        if let Err(error) = recorder.publish(&event, &reference).await {
            tracing::debug!(%error, "an Event could not be told");
        }
    }
}
