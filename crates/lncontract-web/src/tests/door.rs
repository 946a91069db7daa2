//! Who comes in, and what stands on every answer.

use super::*;

#[tokio::test]
async fn without_a_session_everything_leads_to_the_sign_in() {
    let check = async |method: &str, path: &str, status: u16, location: &str| {
        let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        let answer = send(&app(), request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (status, location), "{method} {path}");
    };
    check("GET", "/", 303, "/sign-in").await;
    check("GET", "/contracts/new", 303, "/sign-in?next=/contracts/new").await;
    check("POST", &contract("/pay/00"), 303, "/sign-in").await;
    check("GET", "/no-such-page", 303, "/sign-in?next=/no-such-page").await;
    check("GET", "/setup/words", 303, "/sign-in?next=/setup/words").await;
    check("GET", "/events", 401, "").await;
    check("GET", "/api/v1/contracts", 401, "").await;
    check("POST", "/api/v1/companies", 401, "").await;
    check("GET", "/sign-in", 200, "").await;
    check("GET", "/assets/lncontract.css", 200, "").await;
}

#[tokio::test]
async fn a_wrong_token_is_no_session() {
    for (name, value) in
        [("cookie", "lncontract_session_8080=other"), ("cookie", "lncontract_session_9090=5e55")]
    {
        let request = Request::builder().uri("/").header(header::HOST, HOST).header(name, value);
        assert_eq!(send(&app(), request.body(Body::empty()).unwrap()).await.location(), "/sign-in");
    }
}

#[tokio::test]
async fn a_new_company_is_led_to_its_first_run_and_back_once_it_is_set_up() {
    let fresh = Arc::new(App { set_up: false, ..App::new() });
    assert_eq!(get(&fresh, "/").await.location(), "/setup");
    get(&fresh, "/setup").await.shows(&["Set up your company", "Legal name of the company"]);
    assert_eq!(get(&app(), "/setup").await.location(), "/");
    assert_eq!(post(&app(), "/setup", "name=Evil").await.location(), "/sign-in");
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let check = async |name: &str, value: &str, status: u16| {
        let app = app();
        let request = ours("POST", &contract("/offer")).header(name, value);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = send(&app, request.body(Body::from("do=lapse")).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value}");
        assert_eq!(app.calls().len(), usize::from(status == 303));
    };
    check("sec-fetch-site", "cross-site", 403).await;
    check("sec-fetch-site", "same-site", 403).await;
    check("origin", "https://evil.example", 403).await;
    check("origin", "null", 403).await;
    check("sec-fetch-site", "same-origin", 303).await;
    check("origin", "http://127.0.0.1:8080", 303).await;
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for path in
        ["/", "/sign-in", "/no-such-page", "/assets/live.js", "/api/v1/frame", "/api/v1/no-such-thing"]
    {
        let headers = get(&app(), path).await.headers;
        let policy =
            "default-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; frame-ancestors 'none'";
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], policy, "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin", "{path}");
        let kept = headers[header::CACHE_CONTROL] != "no-store";
        assert_eq!(kept, path.starts_with("/assets/"), "{path}");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn no_page_needs_what_the_policy_forbids() {
    let tender = format!("/examine/{}", views::tender_view().tender);
    let pages = ["/", "/contracts", "/contracts/new", "/companies", "/node", "/sign-in", "/setup/confirm"];
    let below =
        ["", "/record?all=1", "/offer", "/tender/delivery-3", &tender, "/fund/channel-2"].map(contract);
    for path in pages.into_iter().chain(below.iter().map(String::as_str)) {
        let page = get(&app(), path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for forbidden in
            [" style=", "<style", " onclick=", "data:image", "javascript:", "http://", "<script>"]
        {
            let body = page.body.replace("http://www.w3.org/2000/svg", "");
            assert!(!body.contains(forbidden), "{forbidden} in {path}");
        }
    }
}

#[tokio::test]
async fn signing_in_gives_a_cookie_and_leads_back() {
    let sent = "user=Ines+Okafor&password=a+sentence+is+fine&next=%2Fnode";
    let answer = post(&app(), "/sign-in", sent).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/node"));
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert_eq!(cookie, "lncontract_session_8080=5e55; HttpOnly; SameSite=Lax; Path=/");
    let elsewhere = "user=Ines+Okafor&password=a+sentence+is+fine&next=https%3A%2F%2Fevil.example";
    assert_eq!(post(&app(), "/sign-in", elsewhere).await.location(), "/");
}

#[tokio::test]
async fn a_wrong_password_takes_its_time_and_keeps_the_name() {
    let begun = tokio::time::Instant::now();
    let answer = post(&app(), "/sign-in", "user=Ines+Okafor&password=guess").await;
    assert!(begun.elapsed() >= crate::auth::SIGN_IN_DELAY);
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    answer.shows(&["Name or password are wrong", "value=\"Ines Okafor\"", "<title>Error: Sign in"]);
    assert!(!answer.body.contains("guess"));
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let app = app();
    let answer = post(&app, "/sign-out", "").await;
    assert_eq!(answer.location(), "/sign-in");
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().ends_with("Max-Age=0"));
    assert_eq!(app.calls(), ["sign_out 5e55"]);
}

#[tokio::test]
async fn the_colours_are_a_cookie_that_the_server_writes_into_the_page() {
    let answer = post(&app(), "/theme", "theme=dark&back=%2Fnode").await;
    assert_eq!(answer.location(), "/node");
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("lncontract_theme=dark;"), "{cookie}");
    let request = ours("GET", "/node").header(header::COOKIE, "lncontract_theme=dark");
    send(&app(), request.body(Body::empty()).unwrap())
        .await
        .shows(&["<html lang=\"en\" data-theme=\"dark\">"]);
    assert!(!get(&app(), "/node").await.body.contains("data-theme=\"auto\""));
}

#[tokio::test]
async fn an_unknown_page_says_so_in_our_words() {
    let answer = get(&app(), "/no-such-page").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    answer.shows(&["No such page", "For the engineer", "urn:lncontract:problem:not-found"]);
    let answer = get(&app(), "/contracts/0000").await;
    assert!(answer.status.is_client_error());
    answer.shows(&["The request can"]);
}

#[tokio::test]
async fn a_change_is_told_to_open_pages() {
    use futures_util::StreamExt as _;
    let app = app();
    let response =
        crate::router(Arc::clone(&app), None).oneshot(ours("GET", "/events").body(Body::empty()).unwrap());
    let response = response.await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("event: hello"));
    app.changed.send(()).unwrap();
    let second = stream.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&second).contains("event: changed"));
}

#[tokio::test]
async fn other_companies_reach_one_path_and_strangers_nothing() {
    let ask = async |method: &str, path: &str, body: &'static [u8]| {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        let answer = crate::peer_router(app()).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), parts.headers.len(), String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(ask("POST", "/peer/v1", b"a question").await, (200, 2, "an answer".to_owned()));
    let nothing = (404, 1, String::new());
    static TOO_LONG: [u8; (1 << 20) + 1] = [b'a'; (1 << 20) + 1];
    let strangers: [(&str, &str, &[u8]); 7] = [
        ("POST", "/peer/v1", b"another question"),
        ("POST", "/peer/v1", b""),
        ("POST", "/peer/v1", &TOO_LONG),
        ("GET", "/peer/v1", b""),
        ("DELETE", "/peer/v1", b"a question"),
        ("GET", "/", b""),
        ("POST", "/api/v1/sessions", b"{}"),
    ];
    for (method, path, body) in strangers {
        assert_eq!(ask(method, path, body).await, nothing, "{method} {path}");
    }
    let request = ours("POST", "/peer/v1").body(Body::from("a question")).unwrap();
    assert_eq!(send(&app(), request).await.status.as_u16(), 404, "the pages' own listener has no such path");
}
