//! Inviting, changing and removing people at Pureport.

mod support;

use orgform_model::{Action, Applied, Scope};
use orgform_provider::{ErrorKind, Observe, Sent};
use serde_json::{Value, json};
use support::*;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ADA: &str = "pureport/acme:member/ada@acme.example";

fn inviting(roles: &[&str]) -> Action {
    Action::Invite {
        account: orgform_model::Ref::Known("ac-1".into()),
        email: "Ada@acme.example".into(),
        roles: refs(roles),
    }
}

fn invited(roles: &[&str]) -> Applied {
    Applied::Invited { invite: "invite-1".into(), roles: ids(roles) }
}

fn changing_invite(from: &[&str], roles: &[&str]) -> Action {
    let (account, invite, email) = ("ac-1".into(), "invite-1".into(), "ada@acme.example".into());
    Action::UpdateInvite { account, invite, email, from: ids(from), roles: refs(roles) }
}

fn resending(from: &[&str], roles: &[&str]) -> Action {
    let (account, invite, email) = ("ac-1".into(), "invite-1".into(), "ada@acme.example".into());
    Action::Resend { account, invite, email, from: ids(from), roles: refs(roles) }
}

fn changing(from: &[&str], roles: &[&str]) -> Action {
    let (account, person) = ("ac-1".into(), "user-1".into());
    Action::UpdateMember { account, person, from: ids(from), roles: refs(roles) }
}

fn removing(from: &[&str]) -> Action {
    Action::RemoveMember {
        account: "ac-1".into(),
        person: "user-1".into(),
        from: ids(from),
        everywhere: false,
    }
}

fn withdrawing() -> Action {
    Action::Withdraw { account: "ac-1".into(), invite: "invite-1".into(), email: "ada@acme.example".into() }
}

fn operator(roles: &[&str]) -> Vec<Value> {
    roles.iter().map(|id| role_link("ac-1", id)).collect()
}

/// Acme with its Admin and two roles of its own, below a parent with one.
async fn acme() -> MockServer {
    let server = pureport().await;
    let roles = [
        admin("ac-1", "role-1"),
        role("ac-1", "role-2", "A", json!({})),
        role("ac-1", "role-3", "B", json!({})),
    ];
    has(&server, "/accounts/ac-1/roles", json!(roles)).await;
    has(&server, "/accounts/ac-1", json!({ "id": "ac-1", "name": "Acme", "parent": account_link("ac-0") }))
        .await;
    has(&server, "/accounts/ac-0/roles", json!([role("ac-0", "role-9", "C", json!({}))])).await;
    // Where a story says nothing else, nobody is invited.
    let nobody = Mock::given(method("GET")).and(path("/accounts/ac-1/invites")).respond_with(ok(json!([])));
    nobody.with_priority(9).mount(&server).await;
    server
}

/// Takes invites, answering with this id.
async fn takes_invites(server: &MockServer, id: &str) {
    let answer = ResponseTemplate::new(201)
        .insert_header("location", format!("/accounts/ac-1/invites/{id}"))
        .set_body_json(invite("ac-1", id, "ada@acme.example", &[]));
    answers(server, "POST", "/accounts/ac-1/invites", answer).await;
}

#[tokio::test]
async fn an_invite_that_waits_costs_one_write_and_one_look() {
    let server = acme().await;
    takes_invites(&server, "invite-1").await;
    has(
        &server,
        "/accounts/ac-1/invites/invite-1",
        invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-2"])),
    )
    .await;
    let writer = writer(&server);
    let scope = Scope::Account { id: "ac-1".into(), fields: Default::default() };
    has(&server, "/accounts/ac-1/members", json!([])).await;
    has(&server, "/accounts/ac-1/invites", json!([])).await;
    writer.observe(&scope).await.unwrap();
    let before = calls(&server, "GET").await.len();
    assert_eq!(apply_with(&writer, ADA, inviting(&["role-2"])).await, Ok(invited(&["role-2"])));
    assert_eq!(calls(&server, "GET").await.len() - before, 1);
    assert_eq!(calls(&server, "POST").await, ["/accounts/ac-1/invites"]);
}

#[tokio::test]
async fn somebody_who_was_invited_since_the_plan_was_made_is_not_mailed_again() {
    let server = acme().await;
    let waits = invite("ac-1", "invite-7", "ada@acme.example", &operator(&["role-2"]));
    has(&server, "/accounts/ac-1/invites", json!([waits])).await;
    has(&server, "/accounts/ac-1/invites/invite-7", waits).await;
    let same = Applied::Invited { invite: "invite-7".into(), roles: ids(&["role-2"]) };
    assert_eq!(apply(&server, ADA, inviting(&["role-2"])).await, Ok(same));
    let error = apply(&server, ADA, inviting(&["role-3"])).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Stale, Sent::No));
    assert!(calls(&server, "POST").await.is_empty());
}

#[tokio::test]
async fn what_the_parent_shows_too_is_neither_in_the_way_nor_written() {
    let server = acme().await;
    let own = |id| [role_link("ac-1", id), role_link("ac-0", "role-9")];
    has(&server, "/accounts/ac-1/members/user-1", member("ac-1", "user-1", "Ada", &own("role-2"))).await;
    let above = member("ac-0", "user-1", "Ada", &[role_link("ac-0", "role-9")]);
    has(&server, "/accounts/ac-0/members/user-1", above).await;
    let written = ok(member("ac-1", "user-1", "Ada", &own("role-3")));
    answers(&server, "PUT", "/accounts/ac-1/members/user-1", written).await;
    let done = Applied::Member { person: "user-1".into(), roles: ids(&["role-3"]) };
    assert_eq!(apply(&server, ADA, changing(&["role-2"], &["role-3"])).await, Ok(done));
    assert_eq!(sent(&server, "PUT").await["roles"], json!([role_link("ac-1", "role-3")]));
}

#[tokio::test]
async fn a_member_of_the_parent_who_is_only_shown_here_is_added_without_a_mail() {
    let server = acme().await;
    let shown = member("ac-1", "user-1", "Ada", &[role_link("ac-0", "role-9")]);
    has(&server, "/accounts/ac-1/members/user-1", shown).await;
    let above = member("ac-0", "user-1", "Ada", &[role_link("ac-0", "role-9")]);
    has(&server, "/accounts/ac-0/members/user-1", above).await;
    answers(&server, "PUT", "/accounts/ac-1/members/user-1", refusal(404, "NOT_FOUND")).await;
    let added = ResponseTemplate::new(201).set_body_json(member(
        "ac-1",
        "user-1",
        "Ada",
        &[role_link("ac-1", "role-2"), role_link("ac-0", "role-9")],
    ));
    answers(&server, "POST", "/accounts/ac-1/members", added).await;
    let done = Applied::Member { person: "user-1".into(), roles: ids(&["role-2"]) };
    assert_eq!(apply(&server, ADA, changing(&[], &["role-2"])).await, Ok(done));
    assert_eq!(sent(&server, "POST").await["roles"], json!([role_link("ac-1", "role-2")]));
}

#[tokio::test]
async fn a_role_of_an_account_above_that_is_refused_says_what_to_do() {
    let server = acme().await;
    answers(&server, "POST", "/accounts/ac-1/invites", refusal(422, "INVALID_LINK")).await;
    let error = apply(&server, ADA, inviting(&["role-9"])).await.unwrap_err();
    assert!(error.hint.unwrap().contains("declare a Role in this account"));
    let error = apply(&server, ADA, inviting(&["role-2"])).await.unwrap_err();
    assert!(!error.hint.unwrap().contains("declare a Role"));
}

#[tokio::test]
async fn trap_05_bodies_link_the_account_and_each_role_where_it_is_owned() {
    let server = acme().await;
    takes_invites(&server, "invite-1").await;
    let links = [role_link("ac-1", "role-2"), role_link("ac-0", "role-9")];
    has(&server, "/accounts/ac-1/invites/invite-1", invite("ac-1", "invite-1", "ada@acme.example", &links))
        .await;
    assert_eq!(
        apply(&server, ADA, inviting(&["role-9", "role-2"])).await,
        Ok(invited(&["role-2", "role-9"]))
    );
    assert_eq!(
        sent(&server, "POST").await,
        json!({ "account": account_link("ac-1"), "email": "Ada@acme.example", "roles": links })
    );
}

#[tokio::test]
async fn trap_04_a_known_person_is_a_member_at_once() {
    let server = acme().await;
    takes_invites(&server, "invite-1").await;
    let titled = |id: &str, title: &str, role: &str| member("ac-1", id, title, &operator(&[role]));
    let members = [
        titled("user-1", "Ada", "role-2"),
        titled("user-2", "Grace", "role-3"),
        titled("user-3", "Ken", "role-2"),
    ];
    has(&server, "/accounts/ac-1/members", json!(members)).await;
    has(&server, "/users/user-1", user("user-1", "ADA@acme.example")).await;
    has(&server, "/users/user-3", user("user-3", "ken@acme.example")).await;
    let outcome = apply(&server, ADA, inviting(&["role-2"])).await;
    assert_eq!(outcome, Ok(Applied::Member { person: "user-1".into(), roles: ids(&["role-2"]) }));
    // Grace has other roles, so she was not read.
    assert!(!calls(&server, "GET").await.contains(&"/users/user-2".to_owned()));
}

#[tokio::test]
async fn a_known_person_is_found_by_title_where_people_can_not_be_read() {
    let server = acme().await;
    takes_invites(&server, "invite-1").await;
    let members = [
        member("ac-1", "user-1", "ada@acme.example", &operator(&["role-2"])),
        member("ac-1", "user-2", "Grace", &operator(&["role-2"])),
    ];
    has(&server, "/accounts/ac-1/members", json!(members)).await;
    answers(&server, "GET", "/users/user-1", refusal(403, "FORBIDDEN")).await;
    let outcome = apply(&server, ADA, inviting(&["role-2"])).await;
    assert_eq!(outcome, Ok(Applied::Member { person: "user-1".into(), roles: ids(&["role-2"]) }));
}

#[tokio::test]
async fn a_member_named_by_the_answer_is_not_searched() {
    let server = acme().await;
    let answer = ResponseTemplate::new(201).insert_header("location", "/accounts/ac-1/members/user-1");
    answers(&server, "POST", "/accounts/ac-1/invites", answer).await;
    has(&server, "/accounts/ac-1/members/user-1", member("ac-1", "user-1", "Ada", &operator(&["role-2"])))
        .await;
    let outcome = apply(&server, ADA, inviting(&["role-2"])).await;
    assert_eq!(outcome, Ok(Applied::Member { person: "user-1".into(), roles: ids(&["role-2"]) }));
    assert!(!calls(&server, "GET").await.contains(&"/accounts/ac-1/members".to_owned()));
}

#[tokio::test]
async fn an_invite_that_shows_late_is_waited_for() {
    let server = acme().await;
    takes_invites(&server, "invite-1").await;
    has(&server, "/accounts/ac-1/members", json!([])).await;
    let shown = invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-2"]));
    let look = || Mock::given(method("GET")).and(path("/accounts/ac-1/invites/invite-1"));
    look().respond_with(refusal(404, "NOT_FOUND")).up_to_n_times(2).mount(&server).await;
    look().respond_with(ok(shown)).mount(&server).await;
    assert_eq!(apply(&server, ADA, inviting(&["role-2"])).await, Ok(invited(&["role-2"])));
}

#[tokio::test]
async fn an_invite_of_which_nothing_is_to_be_seen_is_unknown_and_not_repeated() {
    let server = acme().await;
    takes_invites(&server, "invite-1").await;
    has(&server, "/accounts/ac-1/members", json!([])).await;
    let error = apply(&server, ADA, inviting(&["role-2"])).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, Sent::Unknown));
    assert_eq!(calls(&server, "POST").await.len(), 1);
}

#[tokio::test]
async fn an_invite_dropped_after_commit_or_met_by_a_server_error_is_sent_once() {
    let server = acme().await;
    Mock::given(method("POST"))
        .and(path("/accounts/ac-1/invites"))
        .respond_with_err(|_: &wiremock::Request| std::io::Error::other("gone"))
        .mount(&server)
        .await;
    let error = apply(&server, ADA, inviting(&["role-2"])).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, Sent::Unknown));
    assert_eq!(error.tried, "invite ada@acme.example to acme");
    assert_eq!(calls(&server, "POST").await.len(), 1);

    let server = acme().await;
    answers(&server, "POST", "/accounts/ac-1/invites", ResponseTemplate::new(502)).await;
    let error = apply(&server, ADA, inviting(&["role-2"])).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, Sent::Unknown));
    assert_eq!(calls(&server, "POST").await.len(), 1);
}

#[tokio::test]
async fn a_throttled_invite_goes_again_and_is_sent_once() {
    let server = acme().await;
    let throttled = ResponseTemplate::new(429).insert_header("retry-after", "0");
    Mock::given(method("POST"))
        .and(path("/accounts/ac-1/invites"))
        .respond_with(throttled)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    takes_invites(&server, "invite-1").await;
    has(
        &server,
        "/accounts/ac-1/invites/invite-1",
        invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-2"])),
    )
    .await;
    assert_eq!(apply(&server, ADA, inviting(&["role-2"])).await, Ok(invited(&["role-2"])));
    assert_eq!(calls(&server, "POST").await.len(), 2);
}

#[tokio::test]
async fn somebody_who_is_there_already_is_seen_by_planning_again() {
    for code in ["ACCOUNT_MEMBER_ALREADY_EXISTS", "CONFLICT"] {
        let server = acme().await;
        answers(&server, "POST", "/accounts/ac-1/invites", refusal(409, code)).await;
        let error = apply(&server, ADA, inviting(&["role-2"])).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (ErrorKind::Stale, Sent::No));
        let is_told = error.said.contains("is a member already; the list was short");
        assert_eq!(is_told, code == "ACCOUNT_MEMBER_ALREADY_EXISTS", "{}", error.said);
    }
}

#[tokio::test]
async fn other_roles_of_a_waiting_invite_are_put_without_a_mail_and_a_resend_with_one() {
    let update = changing_invite(&["role-2"], &["role-3"]);
    let resend = resending(&["role-2"], &["role-3"]);
    for (action, query) in [(update, ""), (resend, "?reinvite=true")] {
        let server = acme().await;
        let at = "/accounts/ac-1/invites/invite-1";
        has(&server, at, invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-2"]))).await;
        answers(
            &server,
            "PUT",
            at,
            ok(invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-3"]))),
        )
        .await;
        assert_eq!(apply(&server, ADA, action).await, Ok(invited(&["role-3"])));
        assert_eq!(calls(&server, "PUT").await, [format!("{at}{query}")]);
        let body = sent(&server, "PUT").await;
        assert_eq!(body["roles"], json!([role_link("ac-1", "role-3")]));
        assert_eq!(body["account"], account_link("ac-1"));
        assert!(body.get("expired").is_none() && body.get("href").is_none());
    }
}

#[tokio::test]
async fn an_invite_as_declared_is_done_without_a_write_and_a_changed_one_is_stale() {
    let at = "/accounts/ac-1/invites/invite-1";
    let update = |from: &[&str]| changing_invite(from, &["role-3"]);
    let server = acme().await;
    has(&server, at, invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-3"]))).await;
    assert_eq!(apply(&server, ADA, update(&["role-2"])).await, Ok(invited(&["role-3"])));

    let server = acme().await;
    has(&server, at, invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-1"]))).await;
    let error = apply(&server, ADA, update(&["role-2"])).await.unwrap_err();
    assert_eq!(
        (error.kind, error.said.as_str()),
        (ErrorKind::Stale, "the roles changed meanwhile, to role-1")
    );

    let server = acme().await;
    let error = apply(&server, ADA, update(&["role-2"])).await.unwrap_err();
    assert_eq!(error.said, "the invite was accepted or withdrawn meanwhile");
}

#[tokio::test]
async fn a_resend_that_is_dropped_is_not_mailed_twice() {
    let server = acme().await;
    let at = "/accounts/ac-1/invites/invite-1";
    has(&server, at, invite("ac-1", "invite-1", "ada@acme.example", &operator(&["role-2"]))).await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0");
    answers(&server, "PUT", at, busy).await;
    let resend = resending(&["role-2"], &["role-2"]);
    assert_eq!(apply(&server, ADA, resend).await.unwrap_err().sent, Sent::Unknown);
    assert_eq!(calls(&server, "PUT").await.len(), 1);
}

#[tokio::test]
async fn an_invite_accepted_before_it_was_withdrawn_is_not_taken_for_gone() {
    let server = acme().await;
    answers(&server, "DELETE", "/accounts/ac-1/invites/invite-1", ResponseTemplate::new(204)).await;
    assert_eq!(apply(&server, ADA, withdrawing()).await, Ok(Applied::Gone));

    let server = acme().await;
    has(&server, "/accounts/ac-1/members", json!([member("ac-1", "user-1", "Ada", &[])])).await;
    has(&server, "/users/user-1", user("user-1", "ada@acme.example")).await;
    let error = apply(&server, ADA, withdrawing()).await.unwrap_err();
    assert_eq!((error.kind, error.said.as_str()), (ErrorKind::Stale, "the invite was accepted meanwhile"));

    let server = acme().await;
    has(&server, "/accounts/ac-1/members", json!([])).await;
    assert_eq!(apply(&server, ADA, withdrawing()).await, Ok(Applied::Gone));
}

#[tokio::test]
async fn a_member_gets_its_roles_as_a_whole() {
    let server = acme().await;
    let at = "/accounts/ac-1/members/user-1";
    let mut titled = role_link("ac-0", "role-9");
    titled["title"] = json!("Inherited");
    has(&server, at, member("ac-1", "user-1", "Ada", &[titled.clone(), role_link("ac-1", "role-2")])).await;
    let after = [role_link("ac-1", "role-3"), titled];
    answers(&server, "PUT", at, ok(member("ac-1", "user-1", "Ada", &after))).await;
    let outcome = apply(&server, ADA, changing(&["role-2", "role-9"], &["role-3", "role-9"])).await;
    assert_eq!(outcome, Ok(Applied::Member { person: "user-1".into(), roles: ids(&["role-3", "role-9"]) }));
    let user = json!({ "id": "user-1", "href": "/users/user-1", "title": "Ada" });
    assert_eq!(
        sent(&server, "PUT").await,
        json!({ "account": account_link("ac-1"), "user": user, "roles": after })
    );
}

#[tokio::test]
async fn a_member_that_has_the_roles_is_done_and_one_with_others_is_stale() {
    let server = acme().await;
    has(&server, "/accounts/ac-1/members/user-1", member("ac-1", "user-1", "Ada", &operator(&["role-3"])))
        .await;
    let done = apply(&server, ADA, changing(&["role-2"], &["role-3"])).await;
    assert_eq!(done, Ok(Applied::Member { person: "user-1".into(), roles: ids(&["role-3"]) }));
    for action in [changing(&["role-2"], &["role-1"]), removing(&["role-2"])] {
        assert_eq!(apply(&server, ADA, action).await.unwrap_err().kind, ErrorKind::Stale);
    }
    assert_eq!(calls(&server, "PUT").await.len() + calls(&server, "DELETE").await.len(), 0);
}

#[tokio::test]
async fn roles_that_the_server_silently_kept_are_told() {
    let server = acme().await;
    let at = "/accounts/ac-1/members/user-1";
    let before = member("ac-1", "user-1", "Ada", &operator(&["role-2"]));
    has(&server, at, before.clone()).await;
    answers(&server, "PUT", at, ok(before)).await;
    let error = apply(&server, ADA, changing(&["role-2"], &["role-3"])).await.unwrap_err();
    assert_eq!(error.said, "answered with success but kept the roles at role-2");
    assert_eq!((error.kind, error.sent), (ErrorKind::Protocol, Sent::Unknown));
}

#[tokio::test]
async fn a_removed_member_is_gone_and_so_is_one_that_was_not_there() {
    let server = acme().await;
    let at = "/accounts/ac-1/members/user-1";
    has(&server, at, member("ac-1", "user-1", "Ada", &operator(&["role-2"]))).await;
    answers(&server, "DELETE", at, ResponseTemplate::new(204)).await;
    assert_eq!(apply(&server, ADA, removing(&["role-2"])).await, Ok(Applied::Gone));
    assert_eq!(calls(&server, "DELETE").await, [at]);
    assert_eq!(apply(&acme().await, ADA, removing(&["role-2"])).await, Ok(Applied::Gone));
}

#[tokio::test]
async fn trap_06_the_last_admin_stays_and_the_refusal_says_what_to_do() {
    let server = acme().await;
    let at = "/accounts/ac-1/members/user-1";
    has(&server, at, member("ac-1", "user-1", "Ada", &operator(&["role-1"]))).await;
    answers(&server, "PUT", at, refusal(409, "ADMIN_ACCESS_MUST_EXIST")).await;
    answers(&server, "DELETE", at, refusal(409, "ADMIN_ACCESS_MUST_EXIST")).await;
    for action in [changing(&["role-1"], &["role-2"]), removing(&["role-1"])] {
        let error = apply(&server, ADA, action).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (ErrorKind::Rejected { field: Some("roles".into()) }, Sent::No));
        assert_eq!(
            error.hint.unwrap(),
            "an account keeps at least one admin: make somebody else admin first."
        );
    }
}

#[tokio::test]
async fn nobody_can_be_disabled() {
    let server = pureport().await;
    let disable = Action::Disable { account: "ac-1".into(), person: "user-1".into() };
    let error = apply(&server, ADA, disable).await.unwrap_err();
    assert_eq!(error.said, "Pureport can't disable a person");
    assert!(server.received_requests().await.unwrap().is_empty());
}
