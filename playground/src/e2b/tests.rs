//! The emulator over HTTP: what it refuses, how faults look from outside, and what code may not do.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ApiError, E2b, Fault, Operation, Outcome, Settings};

/// Longest wait for anything that must happen.
const BOUND: Duration = Duration::from_secs(20);

struct Client {
    e2b: E2b,
    http: reqwest::Client,
    /// The id and the tokens of a sandbox.
    sandbox: Value,
}

impl Client {
    async fn start() -> Self {
        let e2b = E2b::start(Settings::default()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut client = Self { e2b, http, sandbox: Value::Null };
        let body = json!({"templateID": "code-interpreter-v1", "timeout": 60, "metadata": {"a": "b"},
            "network": {"allowOut": ["pypi.org"], "denyOut": ["0.0.0.0/0"], "allowPublicTraffic": false}});
        let (status, sandbox) = client.control("POST", "/v2/sandboxes", body).await.unwrap();
        assert_eq!(status, 201, "{sandbox}");
        client.sandbox = sandbox;
        client
    }

    fn id(&self) -> String {
        self.sandbox["sandboxID"].as_str().unwrap().to_owned()
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.e2b.url())).json(&body);
        let response = request.header("X-API-KEY", Settings::default().api_key).send().await?;
        Ok((response.status().as_u16(), response.json().await.unwrap_or_default()))
    }

    fn inside(&self, path: &str, port: &str) -> reqwest::RequestBuilder {
        let text = |name: &str| self.sandbox[name].as_str().unwrap().to_owned();
        self.http
            .post(format!("{}{path}", self.e2b.url()))
            .header("E2b-Sandbox-Id", text("sandboxID"))
            .header("E2b-Sandbox-Port", port)
            .header("X-Access-Token", text("envdAccessToken"))
            .header("E2B-Traffic-Access-Token", text("trafficAccessToken"))
    }

    async fn execute(&self, code: &str) -> reqwest::Result<(u16, String)> {
        let body = json!({"code": code, "context_id": null, "language": null, "env_vars": null});
        let response = self.inside("/execute", "49999").json(&body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    async fn lines(&self, code: &str) -> Vec<Value> {
        let (status, text) = self.execute(code).await.unwrap();
        assert_eq!(status, 200, "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs code and returns the name of its exception.
    async fn exception(&self, code: &str) -> String {
        let lines = self.lines(code).await;
        let error = lines.iter().find(|line| line["type"] == "error");
        error.unwrap_or_else(|| panic!("{code} works: {lines:?}"))["name"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn what_the_service_refuses() {
    let client = Client::start().await;
    let base = |changes: Value| {
        let mut body = json!({"templateID": "code-interpreter-v1"});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (changes, status) in [
        (json!({"templateID": "none"}), 404),
        (json!({"templateID": null}), 400),
        (json!({"timeout": 3_601}), 400),
        (json!({"timeout": "long"}), 400),
        (json!({"metadata": {"a": 1}}), 400),
        (json!({"allowInternetAccess": false}), 400),
        (json!({"network": {"allowOut": ["pypi.org"]}}), 400),
        (json!({"network": {"denyOut": ["example.org"]}}), 400),
    ] {
        let (seen, answer) = client.control("POST", "/v2/sandboxes", base(changes.clone())).await.unwrap();
        assert_eq!((seen, answer["code"].as_u64()), (status, Some(status.into())), "{changes}");
    }
    let unsigned = client.http.get(format!("{}/v2/sandboxes", client.e2b.url())).send().await.unwrap();
    assert_eq!(unsigned.status().as_u16(), 401);
    for (body, status) in [
        (json!({"context_id": null}), 422),
        (json!({"code": "1", "novelty": 1}), 422),
        (json!({"code": "1", "context_id": "x", "language": "python"}), 400),
        (json!({"code": "1", "context_id": "x"}), 404),
        (json!({"code": "1", "language": "r"}), 400),
    ] {
        let response = client.inside("/execute", "49999").json(&body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{body}");
    }
    for path in
        ["/files", "/files?path=/etc/passwd", "/files?path=/home/user/../x", "/files?path=a&username=ann"]
    {
        let body = client.inside(path, "49983").header("content-type", "application/octet-stream").body("x");
        assert!([400, 401].contains(&body.send().await.unwrap().status().as_u16()), "{path}");
    }
    let strange = client.http.post(format!("{}/execute", client.e2b.url())).json(&json!({"code": "1"}));
    let strange = strange.header("E2b-Sandbox-Id", client.id()).header("E2b-Sandbox-Port", "49999");
    assert_eq!(strange.send().await.unwrap().status().as_u16(), 403, "it is closed to the public");
    assert!(client.e2b.refusals().len() > 12);
}

#[tokio::test]
async fn code_keeps_its_state_and_cannot_leave() {
    let client = Client::start().await;
    let lines = client.lines("x = 41\nprint('hi')\nx + 1").await;
    let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["number_of_executions", "stdout", "result", "end_of_execution"]);
    assert_eq!(client.lines("x").await[1]["text"], "41");
    assert_eq!(client.exception("bytearray(4 << 30)").await, "MemoryError");
    assert_eq!(client.exception("open('/etc/passwd', 'a')").await, "PermissionError");
    if client.e2b.is_closed() {
        assert_eq!(
            client.exception("import socket\nsocket.create_connection(('127.0.0.1', 1))").await,
            "OSError"
        );
        let seen = client.lines("import os\nsorted(os.listdir('/home'))").await;
        assert_eq!(seen[1]["text"], "['packages', 'user']");
    }
    // What dies ends its stream without the last line; the next execution finds a new interpreter.
    assert!(client.execute("import os\nos._exit(1)").await.is_err());
    assert_eq!(client.exception("x").await, "NameError");
}

#[tokio::test]
async fn a_package_is_installed_from_what_is_offered() {
    let client = Client::start().await;
    client.e2b.offer_package("greeting", "1.2", "def word(): return 'hello'").await.unwrap();
    let install = "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', '-q', NAME],\n\
                   capture_output=True, text=True).returncode";
    let found = client.lines(&format!("NAME = 'greeting==1.2'\n{install}")).await;
    assert_eq!(found[1]["text"], "0", "{found:?}");
    assert_eq!(client.lines("import greeting\ngreeting.word()").await[1]["text"], "'hello'");
    assert_eq!(client.lines(&format!("NAME = 'nothing'\n{install}")).await[1]["text"], "1");
}

#[tokio::test]
async fn a_life_ends_and_the_dead_are_gone() {
    let client = Client::start().await;
    let (path, id) = (format!("/sandboxes/{}", client.id()), client.id());
    assert_eq!(
        client.control("POST", &format!("{path}/timeout"), json!({"timeout": 0})).await.unwrap().0,
        204
    );
    assert_eq!(client.execute("1").await.unwrap().0, 502);
    assert!(client.e2b.sandboxes().is_empty() && !client.e2b.expire(&id));
    assert_eq!(client.control("GET", &path, Value::Null).await.unwrap().0, 404);
    assert_eq!(client.control("POST", &format!("/v2{path}/connect"), json!({})).await.unwrap().0, 404);
}

#[tokio::test]
async fn faults_happen_on_order() {
    let client = Client::start().await;
    client.e2b.fail_next(Operation::Execute, 1, &Fault::Error(ApiError::rate_limited(3)));
    assert_eq!(client.execute("1").await.unwrap().0, 429);
    client.e2b.fail_next(Operation::Execute, 1, &Fault::Drop);
    assert!(client.execute("1").await.is_err());
    client.e2b.fail_next(Operation::Execute, 1, &Fault::CutStream);
    assert!(client.execute("print(1)\nprint(2)").await.is_err());
    client.e2b.fail_next(Operation::Execute, 1, &Fault::NoEnd);
    let (status, text) = client.execute("print(1)").await.unwrap();
    assert!(status == 200 && text.contains("stdout") && !text.contains("end_of_execution"), "{text}");
    client.e2b.fail_next(Operation::Create, 1, &Fault::LoseAnswer);
    let body = json!({"templateID": "code-interpreter-v1"});
    assert!(client.control("POST", "/v2/sandboxes", body).await.is_err());
    assert_eq!(client.e2b.sandboxes().len(), 2, "the call took effect");
    assert!(client.e2b.refusals().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_interrupts_the_code() {
    let client = Client::start().await;
    let left =
        tokio::time::timeout(Duration::from_secs(1), client.execute("import time\ntime.sleep(60)\nx = 1"));
    assert!(left.await.is_err());
    let closed = client.e2b.until("the client left", BOUND, |calls| {
        calls.iter().any(|call| call.outcome == Outcome::ClosedByClient).then_some(())
    });
    closed.await.unwrap();
    let next = tokio::time::timeout(BOUND, client.exception("x")).await.unwrap();
    assert_eq!(next, "NameError");
}
