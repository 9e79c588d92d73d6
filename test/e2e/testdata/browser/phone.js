"use strict";
// A telephone in a page: SIP over WebSocket (RFC 7118), sound by media.js. One call at a
// time.

const rand = () => Math.random().toString(36).slice(2, 12);
const host = rand() + ".invalid";
let wire, account, call;

phone.connect = (url) => new Promise((resolve, reject) => {
  const ws = new WebSocket(url, "sip");
  ws.onopen = () => resolve("open");
  ws.onerror = () => reject(new Error("no WebSocket"));
  ws.onmessage = async (m) => receive(typeof m.data === "string" ? m.data : await m.data.text());
  wire = (text) => ws.send(text);
  phone.disconnect = () => ws.close();
});

function send(text) { phone.log.push("> " + text); wire(text); }

function parse(text) {
  const cut = text.indexOf("\r\n\r\n");
  const lines = text.slice(0, cut).split("\r\n");
  const m = { first: lines[0], headers: [], body: text.slice(cut + 4) };
  for (const line of lines.slice(1)) {
    const at = line.indexOf(":");
    m.headers.push([line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]);
  }
  m.all = (name) => m.headers.filter((h) => h[0] === name).map((h) => h[1]);
  m.get = (name) => m.all(name)[0] || "";
  m.status = m.first.startsWith("SIP/2.0 ") ? Number(m.first.slice(8, 11)) : 0;
  m.method = m.status ? m.get("cseq").split(" ")[1] : m.first.split(" ")[0];
  return m;
}

const uriOf = (value) => (value.match(/<([^>]*)>/) || [, value.split(";")[0]])[1];

function request(method, uri, d, headers = [], body = "", branch = "z9hG4bK" + rand()) {
  send([`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/WS ${host};branch=${branch};rport`, "Max-Forwards: 70",
    `From: ${d.from}`, `To: ${d.to}`, `Call-ID: ${d.id}`, `CSeq: ${d.seq} ${method}`,
    `Contact: <sip:${account.user}@${host};transport=ws>`, ...d.routes.map((r) => "Route: " + r), ...headers,
    ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body].join("\r\n"));
  return branch;
}

function respond(m, status, reason, body = "", tag = "") {
  send([`SIP/2.0 ${status} ${reason}`, ...m.all("via").map((v) => "Via: " + v), ...m.all("record-route").map((v) => "Record-Route: " + v),
    "From: " + m.get("from"), "To: " + m.get("to") + (tag && !m.get("to").includes("tag=") ? ";tag=" + tag : ""),
    "Call-ID: " + m.get("call-id"), "CSeq: " + m.get("cseq"), `Contact: <sip:${account.user}@${host};transport=ws>`,
    ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body].join("\r\n"));
}

async function digest(m, method, uri) {
  const challenge = m.all("www-authenticate").concat(m.all("proxy-authenticate")).find((c) => /SHA-256/.test(c));
  const field = (name) => (challenge.match(new RegExp(`${name}="?([^",]*)`)) || [, ""])[1];
  const hash = async (text) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))]
    .map((b) => b.toString(16).padStart(2, "0")).join("");
  const cnonce = rand(), nc = "00000001";
  const a1 = await hash(`${account.user}:${field("realm")}:${account.password}`), a2 = await hash(`${method}:${uri}`);
  const response = await hash(`${a1}:${field("nonce")}:${nc}:${cnonce}:auth:${a2}`);
  const opaque = field("opaque");
  return (m.status === 407 ? "Proxy-Authorization" : "Authorization") + `: Digest username="${account.user}", realm="${field("realm")}", ` +
    `nonce="${field("nonce")}", uri="${uri}", response="${response}", algorithm=SHA-256, qop=auth, nc=${nc}, cnonce="${cnonce}"` +
    (opaque ? `, opaque="${opaque}"` : "");
}

const dialog = (to, tag = rand()) => ({ from: `<sip:${account.user}@${account.domain}>;tag=${tag}`, to, id: rand() + rand(), seq: 1, routes: [] });

phone.register = (user, password, domain) => {
  account = { user, password, domain };
  const uri = "sip:" + domain;
  account.dialog = dialog(`<sip:${user}@${domain}>`);
  account.again = async (m) => { account.dialog.seq++; request("REGISTER", uri, account.dialog, ["Expires: 300", await digest(m, "REGISTER", uri)]); };
  request("REGISTER", uri, account.dialog, ["Expires: 300"]);
};

phone.dial = async (user) => {
  phone.state = "calling";
  const pc = await media();
  if (phone.video) pc.addTransceiver("video");
  if (phone.video) pc.createDataChannel("chat");
  const sdp = await gathered(pc, await pc.createOffer());
  call = dialog(`<sip:${user}@${account.domain}>`);
  call.target = `sip:${user}@${account.domain}`;
  call.out = true;
  call.sdp = phone.alter ? phone.alter(sdp) : sdp;
  call.branch = request("INVITE", call.target, call, [], call.sdp);
};

// restart gathers anew and tells the other side by re-INVITE.
phone.restart = async () => {
  call.sdp = await gathered(phone.pc, await phone.pc.createOffer({ iceRestart: true }));
  call.seq++;
  phone.state = "restarting";
  call.branch = request("INVITE", call.target, call, [], call.sdp);
};

phone.answer = async () => {
  const pc = await media();
  await pc.setRemoteDescription({ type: "offer", sdp: call.invite.body });
  respond(call.invite, 200, "OK", await gathered(pc, await pc.createAnswer()), call.tag);
  phone.state = "up";
};

phone.bye = () => { call.seq++; request("BYE", call.target, call); over("we hung up"); };

async function receive(text) {
  phone.log.push("< " + text);
  const m = parse(text);
  if (!m.status) return requested(m);
  if (m.method === "REGISTER") {
    if (m.status === 401) return account.again(m);
    phone.state = m.status === 200 ? "registered" : "refused " + m.status;
    return;
  }
  if (m.method !== "INVITE" || !call || m.get("call-id") !== call.id || m.status < 200) return;
  const ack = (uri, d, branch) => request("ACK", uri, { ...d, to: m.get("to") }, [], "", branch);
  if (m.status >= 300) {
    ack(call.target, call, call.branch);
    if ((m.status === 401 || m.status === 407) && !call.tried) {
      call.tried = true;
      call.seq++;
      const auth = await digest(m, "INVITE", call.target);
      call.branch = request("INVITE", call.target, call, [auth], call.sdp);
      return;
    }
    return over("refused: " + m.first);
  }
  call.to = m.get("to");
  call.target = uriOf(m.get("contact"));
  call.routes = m.all("record-route").reverse();
  ack(call.target, call);
  if (call.understood === m.get("cseq")) return; // sent again
  call.understood = m.get("cseq");
  try {
    await phone.pc.setRemoteDescription({ type: "answer", sdp: m.body });
    if (phone.state !== "over") phone.state = "up";
  } catch (e) {
    phone.log.push("* the answer is not understood: " + e);
    phone.state = "broken";
  }
}

function requested(m) {
  if (m.method === "INVITE" && (!call || phone.state === "over" || phone.state === "registered")) {
    call = { invite: m, id: m.get("call-id"), tag: rand(), seq: 1, target: uriOf(m.get("contact")), routes: m.all("record-route"), to: m.get("from") };
    call.from = m.get("to") + ";tag=" + call.tag;
    phone.state = "ringing";
    return respond(m, 180, "Ringing", "", call.tag);
  }
  if (m.method === "BYE") { respond(m, 200, "OK"); return over("the other side hung up"); }
  if (m.method === "CANCEL") { respond(m, 200, "OK"); respond(call.invite, 487, "Request Terminated", "", call.tag); return over("it was no longer wanted"); }
  if (m.method !== "ACK") respond(m, 501, "Not Implemented");
}
