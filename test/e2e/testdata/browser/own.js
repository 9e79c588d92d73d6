"use strict";
// A telephone in a page by the server's own signalling: an offer is posted, what happens
// later comes as server-sent events. Its key is in phone.key. One call at a time.

phone.lines = {}; // by id, as last told
phone.mic = true;

const ask = async (method, path, body) => {
  const r = await fetch("/api/v1" + path, { method, headers: { Authorization: "Bearer " + phone.key, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body) });
  const text = await r.text();
  phone.log.push(`> ${method} ${path}: ${r.status} ${text}`);
  if (!r.ok) throw new Error(`${r.status} ${text}`);
  return text ? JSON.parse(text) : null;
};
phone.ask = async (...a) => JSON.stringify(await ask(...a));

// silent is a track for a page without a microphone; without one no keys are sent.
function silent() {
  const ctx = new AudioContext(), gain = ctx.createGain(), to = ctx.createMediaStreamDestination();
  gain.gain.value = 0;
  const source = ctx.createConstantSource();
  source.connect(gain).connect(to);
  source.start();
  return to.stream;
}

async function connection() {
  if (phone.mic) return media();
  const pc = phone.pc = new RTCPeerConnection();
  phone.heard = [];
  pc.ontrack = (e) => listen(new MediaStream([e.track]));
  pc.onconnectionstatechange = () => phone.log.push("* media is " + pc.connectionState);
  const stream = silent();
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  return pc;
}

// open makes the page a telephone: calls to the user ring here.
phone.open = async (key) => {
  phone.key = key;
  phone.stop = new AbortController();
  const r = await fetch("/api/v1/phone/events", { cache: "no-store", headers: { Authorization: "Bearer " + key }, signal: phone.stop.signal });
  if (!r.ok) throw new Error(`${r.status} ${await r.text()}`);
  phone.state = "open";
  read(r.body.pipeThrough(new TextDecoderStream()).getReader());
};

phone.shut = () => phone.stop.abort();

async function read(from) {
  for (let text = ""; ;) {
    const { value, done } = await from.read().catch(() => ({ done: true }));
    if (done) return phone.log.push("* the stream is over");
    text += value;
    for (let at; (at = text.indexOf("\n\n")) >= 0; text = text.slice(at + 2)) {
      const fields = Object.fromEntries(text.slice(0, at).split("\n").map((l) => [l.slice(0, l.indexOf(": ")), l.slice(l.indexOf(": ") + 2)]));
      if (fields.event) phone.log.push(`< ${fields.event}: ${fields.data}`);
      if (fields.event === "phone.ready") phone.page = JSON.parse(fields.data).page;
      if (fields.event === "phone.call") told(JSON.parse(fields.data));
    }
  }
}

function told(line) {
  phone.lines[line.id] = line;
  if (line.sdp) phone.rung = line;
  if (line.sdp && phone.state !== "up") { phone.line = line.id; phone.state = "ringing"; }
  if (line.id !== phone.line) return;
  phone.words = line.words || "";
  if (line.state === "up") phone.state = "up";
  if (line.state === "over") over(line.words);
}

phone.call = async (what) => {
  phone.state = "calling";
  const pc = await connection();
  await pc.setLocalDescription(await pc.createOffer()); // candidates are not waited for
  const line = await ask("POST", "/phone/calls", { sdp: phone.alter ? phone.alter(pc.localDescription.sdp) : pc.localDescription.sdp, page: phone.page, ...what });
  phone.line = line.id;
  phone.id = line.call;
  await pc.setRemoteDescription({ type: "answer", sdp: line.sdp });
  if (phone.lines[line.id]) told({ ...phone.lines[line.id], sdp: "" });
};

phone.answer = async () => {
  const line = phone.rung, pc = await connection();
  await pc.setRemoteDescription({ type: "offer", sdp: line.sdp });
  await pc.setLocalDescription(await pc.createAnswer());
  await ask("POST", `/phone/calls/${line.id}/answer`, { sdp: pc.localDescription.sdp });
  phone.line = line.id;
};

phone.bye = () => ask("DELETE", `/phone/calls/${phone.line}`);
