// Checks a receipt with nothing but the browser: no request is made, and nothing of
// the server that handed out the page is believed but this code itself.
//
// A receipt holds a document (what was recorded), a salt, the line of the log that
// commits to the two (leaf), and a proof that the line is in a log whose size and root
// somebody signed (c2sp:tlog-proof, c2sp:tlog-checkpoint, c2sp:signed-note).

const schema = "https://w3id.org/dpv/schema/dpv-27560#receipt";
const proofHeader = "c2sp.org/tlog-proof@v1\n";
const commitmentDomain = "avow event 1\0";
const maxHashes = 63;

const utf8 = new TextEncoder();

// Wrong is what a check throws: in words, for people.
class Wrong extends Error {}
// Unknown is thrown where this browser, or what was given, is not enough to say.
class Unknown extends Error {}

// read makes receipts of a text: one receipt, or a list as in receipts.json.
export function read(text) {
  let is;
  try {
    is = JSON.parse(text);
  } catch {
    throw new Wrong("This is not a receipt: it is not JSON. Give the file as it was handed to you.");
  }
  const list = Array.isArray(is) ? is : [is];
  if (list.length === 0) throw new Wrong("The file holds no receipt.");
  if (!list.every(isObject)) throw new Wrong("This is not a receipt: it has none of the fields of one.");
  return list;
}

// check checks one receipt under the keys given, one a line: the log's, then witnesses'. It answers with the steps,
// each "ok", "bad" or "open" with the reason in words, and what they come to together:
// "proved" only when every step is ok.
export async function check(receipt, keys) {
  const r = {};
  const steps = [];
  const step = async (title, needs, run) => {
    const lacking = needs.find((n) => r[n] === undefined);
    if (lacking !== undefined) {
      steps.push({ title, state: "open", says: "Not checked, because a step before it did not hold." });
      return;
    }
    try {
      steps.push({ title, state: "ok", says: await run() });
    } catch (e) {
      if (!(e instanceof Wrong || e instanceof Unknown)) throw e;
      steps.push({ title, state: e instanceof Wrong ? "bad" : "open", says: e.message });
    }
  };
  await step("The file is a receipt", [], () => readForm(receipt, r));
  await step("It says what its document says", ["document"], () => compareOutside(receipt, r.document));
  await step("The document is the one that was committed to", ["document", "leaf"], () => checkCommitment(receipt, r));
  await step("The line in the log is about the same thing", ["document", "leaf"], () => compareLeaf(r));
  await step("The line is in the log", ["leaf"], () => checkInclusion(receipt, r));
  await step("The log was signed", ["checkpoint"], () => checkSignatures(r, readKeys(keys)));
  return { verdict: verdictOf(steps), steps, document: r.document, index: r.index, checkpoint: r.checkpoint };
}

function verdictOf(steps) {
  if (steps.some((s) => s.state === "bad")) return "broken";
  return steps.every((s) => s.state === "ok") ? "proved" : "partly";
}

const fields = {
  schemaVersion: "string", receiptId: "string", recordId: "string", piiPrincipalId: "string?", eventType: "string", eventTime: "string",
  policy: "string?", version: "number?", consent: "object?", document: "string", proof: "object",
};
const proofFields = { index: "number", leaf: "string", salt: "string", log: "string?" };

function readForm(receipt, r) {
  const extra = [...fieldsOf(receipt, fields, ""), ...fieldsOf(receipt.proof, proofFields, "proof.")];
  if (receipt.schemaVersion !== schema) throw new Wrong("It is of a kind (schemaVersion) that is not known here.");
  try {
    r.document = JSON.parse(receipt.document);
  } catch {
    throw new Wrong("Its document cannot be read.");
  }
  if (!isObject(r.document)) {
    r.document = undefined;
    throw new Wrong("Its document cannot be read.");
  }
  r.leaf = parseLeaf(bytesOf(receipt.proof.leaf, "the line of the log (proof.leaf)"));
  r.salt = bytesOf(receipt.proof.salt, "the salt (proof.salt)");
  if (extra.length > 0) throw new Unknown(`It holds something that no check is about, and nothing proves: ${extra.join(", ")}.`);
  return "It has every field of one, and nothing beside.";
}

// fieldsOf checks the sorts of an object's fields and names those it should not have.
function fieldsOf(object, sorts, prefix) {
  for (const [name, sort] of Object.entries(sorts)) {
    const value = object[name];
    if (value === undefined && sort.endsWith("?")) continue;
    const is = isObject(value) ? "object" : typeof value;
    if (is !== sort.replace("?", "")) throw new Wrong(`This is not a whole receipt: the field ${prefix}${name} is missing or cannot be read.`);
  }
  return Object.keys(object).filter((name) => !Object.hasOwn(sorts, name)).map((name) => prefix + name.slice(0, 40));
}

// parseLeaf reads a line of the log: version 1, the type with its length before it, the
// minute in eight bytes, the hash of the sealed body, the commitment.
function parseLeaf(bytes) {
  const n = 2 + (bytes[1] ?? 0);
  if (bytes[0] !== 1 || bytes.length !== n + 72) throw new Wrong("The line of the log (proof.leaf) is none of ours.");
  return {
    bytes,
    type: String.fromCharCode(...bytes.subarray(2, n)),
    minute: new DataView(bytes.buffer, bytes.byteOffset + n, 8).getBigUint64(0),
    commitment: bytes.subarray(n + 40),
  };
}

// twins are the fields outside the document that repeat one inside it.
const twins = [
  ["receiptId", "id"], ["recordId", "id"], ["piiPrincipalId", "subject"], ["eventType", "type"], ["eventTime", "at"], ["policy", "policy"], ["version", "version"],
];
const consents = ["consent-given", "consent-confirmed", "consent-withdrawn", "consent-refused"];

function compareOutside(receipt, document) {
  for (const [outside, inside] of twins) {
    const same = outside === "eventTime" ? sameTime : identical;
    if (!same(receipt[outside], document[inside])) throw new Wrong(`The field ${outside} is not what the document says.`);
  }
  const consent = consents.includes(document.type) ? document.body : undefined;
  if (!equal(receipt.consent, consent)) throw new Wrong("The record of the consent (consent) is not what the document says.");
  return "Every field that can be read is one of the document.";
}

const identical = (a, b) => a === b;
const sameTime = (a, b) => a === b || (Date.parse(a) === Date.parse(b) && fractionOf(a) === fractionOf(b));
const fractionOf = (time) => (/\.(\d+)/.exec(time)?.[1] ?? "").replace(/0+$/, "");

function equal(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => equal(x, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && equal(a[k], b[k]));
}

async function checkCommitment(receipt, r) {
  if (r.salt.length !== 32) throw new Wrong("The salt is not of the length that salts have.");
  const sum = await sha256(utf8.encode(commitmentDomain), r.salt, utf8.encode(receipt.document));
  if (!sameBytes(sum, r.leaf.commitment)) throw new Wrong("The document, or its salt, is not the one that was recorded: their hash is another.");
  return "The hash of the salt and the document is the commitment in the line of the log, to the last bit.";
}

function compareLeaf(r) {
  if (r.leaf.type !== r.document.type) throw new Wrong("The line of the log is about another kind of thing.");
  const minute = Math.floor(Date.parse(r.document.at) / 60000);
  if (!Number.isFinite(minute) || r.leaf.minute !== BigInt(minute)) throw new Wrong("The line of the log is of another minute.");
  return "The line names the same kind of thing and the same minute.";
}

async function checkInclusion(receipt, r) {
  if (receipt.proof.log === undefined || receipt.proof.log === "") {
    throw new Unknown("The receipt was made before the log was signed and holds no proof of its place in it (proof.log). Ask for it again.");
  }
  const proof = parseProof(receipt.proof.log);
  if (!Number.isSafeInteger(receipt.proof.index) || proof.index !== BigInt(receipt.proof.index)) throw new Wrong("The place in the log (proof.index) is not the one that the proof is about.");
  r.index = proof.index;
  const checkpoint = parseCheckpoint(proof.checkpoint);
  const root = await rootOf(r.leaf.bytes, proof.index, checkpoint.size, proof.hashes);
  if (root === null || !sameBytes(root, checkpoint.root)) throw new Wrong("The path from the line of the log does not lead to the log’s root: it is not in this log at this place.");
  r.checkpoint = checkpoint;
  return `It is event ${proof.index}, counted from 0, in a log of ${checkpoint.size}: a path of ${proof.hashes.length} hashes leads from the line to the log’s root.`;
}

// parseProof reads a C2SP proof: what it is, the index, hashes, an empty line, the checkpoint.
function parseProof(text) {
  const bad = new Wrong("The proof of its place in the log (proof.log) cannot be read.");
  const end = text.indexOf("\n\n");
  if (!text.startsWith(proofHeader) || end < 0) throw bad;
  const lines = text.slice(proofHeader.length, end).split("\n");
  if (!/^index (0|[1-9][0-9]{0,18})$/.test(lines[0]) || lines.length > maxHashes + 1) throw bad;
  const hashes = lines.slice(1).map((line) => bytesOf(line, "a hash in proof.log"));
  if (hashes.some((h) => h.length !== 32)) throw bad;
  return { index: BigInt(lines[0].slice(6)), hashes, checkpoint: text.slice(end + 2) };
}

// parseCheckpoint reads a signed checkpoint: origin, size, root, an empty line, signatures.
function parseCheckpoint(note) {
  const bad = new Wrong("The signed state of the log (the checkpoint in proof.log) cannot be read.");
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) throw bad;
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split("\n");
  if (!origin || !root || !/^(0|[1-9][0-9]{0,18})$/.test(size ?? "")) throw bad;
  const signatures = note.slice(end + 2, -1).split("\n").map((line) => {
    const [, name, base64] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw bad;
    const bytes = bytesOf(base64, "a signature in proof.log");
    return { name, hash: bytes.subarray(0, 4), bytes: bytes.subarray(4) };
  });
  return { text, origin, size: BigInt(size), root: bytesOf(root, "the log’s root in proof.log"), signatures };
}

// rootOf follows a path from a leaf to the root (rfc:9162#2.1.3.2); null where it cannot be one.
async function rootOf(leaf, index, size, hashes) {
  if (index >= size) return null;
  let fn = index;
  let sn = size - 1n;
  let hash = await sha256(new Uint8Array([0]), leaf);
  for (const h of hashes) {
    if (sn === 0n) return null;
    if ((fn & 1n) === 1n || fn === sn) {
      hash = await sha256(new Uint8Array([1]), h, hash);
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      hash = await sha256(new Uint8Array([1]), hash, h);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n ? hash : null;
}

// readKeys reads verifier keys, one a line: name+hash+base64 (c2sp:signed-note).
function readKeys(text) {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").map((line) => {
    const [, name, hash, base64] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new Wrong("The key cannot be read. It is one line, like name+1a2b3c4d+AbCd…");
    return { name, hash, bytes: bytesOf(base64, "the key") };
  });
}

// checkSignatures wants the log's own signature under the first key, and a witness's
// under each further one (c2sp:tlog-cosignature).
async function checkSignatures(r, [own, ...witnesses]) {
  if (own === undefined) throw new Unknown("No key was given to check the signature with.");
  await signedBy(own, 1, r.checkpoint, (signature) => signature, (text) => text);
  if (own.name !== r.checkpoint.origin) throw new Wrong("The signed state is that of another log than the key’s.");
  for (const w of witnesses) {
    await signedBy(w, 4, r.checkpoint, (signature) => signature.subarray(8), (text, signature) => `cosignature/v1\ntime ${timeOf(signature)}\n${text}`);
  }
  const seen = witnesses.length > 0 ? ` Seen and signed too by: ${witnesses.map((w) => w.name).join(", ")}.` : "";
  return `The state of the log “${r.checkpoint.origin}” with ${r.checkpoint.size} events is signed with the key that was given.${seen}`;
}

const timeOf = (signature) => (signature.length < 8 ? 0n : new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0));

async function signedBy(key, kind, checkpoint, signatureOf, messageOf) {
  if (key.bytes.length !== 33 || (key.bytes[0] !== 1 && key.bytes[0] !== kind)) throw new Unknown(`The key of ${key.name} is of a kind that this page cannot check.`);
  const idOf = async (bytes) => (await sha256(utf8.encode(key.name + "\n"), bytes)).subarray(0, 4);
  if (hex(await idOf(key.bytes)) !== key.hash) throw new Wrong(`The key of ${key.name} has a slip in it: its own hash is another.`);
  const id = await idOf(new Uint8Array([kind, ...key.bytes.subarray(1)]));
  const line = checkpoint.signatures.find((s) => s.name === key.name && sameBytes(s.hash, id));
  if (line === undefined) throw new Wrong(`The state of the log is not signed with the key of ${key.name}.`);
  let publicKey;
  try {
    publicKey = await crypto.subtle.importKey("raw", key.bytes.subarray(1), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new Unknown("This browser cannot check signatures of this kind (Ed25519). Use a newer one, or the command below.");
  }
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, publicKey, signatureOf(line.bytes), utf8.encode(messageOf(checkpoint.text, line.bytes))))) {
    throw new Wrong(`The signature of ${key.name} under the state of the log is not one by its key.`);
  }
}

async function sha256(...parts) {
  if (globalThis.crypto?.subtle === undefined) {
    throw new Unknown("This browser does the arithmetic only on pages that came by https or from this machine. Use the command below.");
  }
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (whole.set(p, at), at + p.length), 0);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

// bytesOf reads base64 as it must be written, so that no two texts mean the same.
function bytesOf(base64, what) {
  try {
    const binary = atob(base64);
    if (btoa(binary) === base64) return Uint8Array.from(binary, (c) => c.charCodeAt(0));
  } catch {} // as below
  throw new Wrong(`It cannot be read: ${what} is spoilt.`);
}

const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
const sameBytes = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
