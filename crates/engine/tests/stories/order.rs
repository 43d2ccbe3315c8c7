//! Order, parallelism, calls that are shared, and failures.

use std::sync::Mutex;

use orgform_engine::{Event, Progress, Silent, Writing, apply, plan, verify};
use orgform_plan::{Fate, Requests, Verified};

use crate::scene::{Scene, fate};
use crate::server::Fault;

#[tokio::test]
async fn a_new_org_is_made_in_order_and_then_there_is_nothing_to_do() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    scene.declare_account("acme/lab/deep");
    scene.declare_role("acme/lab", "operator");
    scene.declare("acme/lab", "ada", &["acme/lab:operator"]);
    scene.declare("acme/lab/deep", "ken", &["reader"]);
    scene.declare("acme", "known-joan", &["reader"]);
    let report = scene.apply().await.unwrap();
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(report.verified, Verified::Converged);
    assert_eq!(report.mails, 3);
    assert_eq!(*fate(&report, "ada@acme.example"), Fate::Invited);
    assert_eq!(*fate(&report, "known-joan@acme.example"), Fate::Joined);

    let done = scene.server.done();
    let place = |what: &str| done.iter().position(|done| done == what).unwrap();
    assert!(place("create account lab") < place("create account deep"));
    assert!(place("create account lab") < place("create role operator"));
    assert!(place("create role operator") < place("invite ada@acme.example"));
    assert!(place("create account deep") < place("invite ken@acme.example"));

    let state = scene.state().await;
    assert_eq!(state.connection.as_deref(), Some("memory one"));
    assert!(state.intents.is_empty());
    let again = scene.apply().await.unwrap();
    assert_eq!((again.outcomes.len(), again.adopted), (0, 0));
    assert_eq!(scene.server.done().len(), done.len());
}

#[tokio::test]
async fn what_does_not_depend_on_each_other_goes_at_once_within_the_limit() {
    let mut scene = Scene::new();
    for number in 0..20 {
        scene.declare("acme", &format!("person-{number}"), &["reader"]);
    }
    let report = scene.apply().await.unwrap();
    assert!(report.is_complete());
    assert_eq!(scene.server.inside().most_at_once, 4);
    assert_eq!(scene.server.done().len(), 20);
}

#[tokio::test]
async fn changes_of_a_kind_share_calls_where_the_provider_takes_several() {
    let mut scene = Scene::new();
    scene.capabilities.batch = 8;
    for number in 0..20 {
        scene.declare("acme", &format!("person-{number:02}"), &["reader"]);
    }
    let report = scene.apply().await.unwrap();
    assert!(report.is_complete());
    assert_eq!(scene.server.inside().calls, [8, 8, 4]);
    assert_eq!(report.verified, Verified::Converged);
}

#[tokio::test]
async fn a_failure_takes_along_only_what_depends_on_it() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    scene.declare("acme/lab", "ada", &["reader"]);
    scene.declare("acme", "ken", &["reader"]);
    scene.server.fail("create account lab", Fault::Denied);
    let report = scene.apply().await.unwrap();
    assert!(
        matches!(fate(&report, "/lab"), Fate::Failed { said, unknown: false, .. } if said == "403 FORBIDDEN")
    );
    assert!(
        matches!(fate(&report, "ada@acme.example"), Fate::Skipped { because } if because.contains("acme/lab"))
    );
    assert_eq!(*fate(&report, "ken@acme.example"), Fate::Invited);
    assert!(matches!(report.verified, Verified::Differs { .. }));
    assert!(scene.state().await.intents.is_empty());
}

#[tokio::test]
async fn a_change_that_is_not_right_any_more_is_told_as_stale() {
    let mut scene = Scene::new();
    scene.server.inside().join("ac-acme", "ada", &["role-reader"]);
    scene.declare("acme", "ada", &["reader", "admin"]);
    scene.server.fail("update user-ada", Fault::Stale);
    let report = scene.apply().await.unwrap();
    assert_eq!(*fate(&report, "ada@acme.example"), Fate::Stale { said: "409 CONFLICT".to_owned() });
    assert!(scene.state().await.intents.is_empty());
}

#[tokio::test]
async fn progress_tells_each_change_that_was_sent_and_how_it_ended() {
    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);
    impl Progress for Heard {
        fn on(&self, event: Event<'_>) {
            let text = match event {
                Event::Applying { changes } => format!("{changes} changes"),
                Event::Started { address, .. } => format!("start {address}"),
                Event::Finished { address, fate, .. } => format!("end {address} {fate:?}"),
                _ => return,
            };
            self.0.lock().unwrap().push(text);
        }
    }

    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    let planned = scene.plan(None).await.unwrap();
    let (approved, mut state, heard) = (scene.approve(&planned), scene.open().await, Heard::default());
    let writing =
        Writing { writer: &*scene.server, clock: &*scene.clock, progress: &heard, stop: &scene.stop };
    let report = scene
        .with_case(async |case| apply(&writing, case, &planned, &approved, &mut state).await)
        .await
        .unwrap();
    assert!(report.is_complete());
    let ada = "memory/acme:member/ada@acme.example";
    let told = ["1 changes".to_owned(), format!("start {ada}"), format!("end {ada} Invited")];
    assert_eq!(*heard.0.lock().unwrap(), told);
}

#[tokio::test]
async fn a_run_may_be_a_task_of_its_own() {
    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    let report = tokio::spawn(async move {
        let requests = Requests::default();
        let case = scene.case(&requests);
        let mut state = scene.open().await;
        let planned = plan(&*scene.server, &case, None, &*scene.clock, &Silent).await.unwrap();
        let approved = scene.approve(&planned);
        let writing =
            Writing { writer: &*scene.server, clock: &*scene.clock, progress: &Silent, stop: &scene.stop };
        let report = apply(&writing, &case, &planned, &approved, &mut state).await.unwrap();
        verify(&*scene.server, &case, &planned, report, &mut state, &*scene.clock, &Silent).await.unwrap()
    });
    assert_eq!(report.await.unwrap().verified, Verified::Converged);
}
