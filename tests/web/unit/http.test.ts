/** The manager's JSON routes, as the page asks them. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { HttpError, askManager } from "../../../page/app/actions/http.js";

let answers: [number, Record<string, string>, object][] = [];
let pauses: number[] = [];

beforeEach(() => {
  pauses = [];
  mock.method(globalThis, "fetch", async () => {
    const [status, headers, body] = answers.length > 1 ? (answers.shift() as any) : answers[0];
    return new Response(JSON.stringify(body), { status, headers });
  });
  mock.method(globalThis, "setTimeout", (action: () => void, ms: number) => {
    pauses.push(ms);
    queueMicrotask(action);
  });
});

afterEach(() => mock.restoreAll());

const WORDS = { error_details: "the catalog is not available: try again shortly" };

test("a manager that cannot serve now is asked again when it says", async () => {
  answers = [
    [503, { "Retry-After": "2" }, WORDS],
    [503, { "Retry-After": "0" }, WORDS],
    [200, {}, { token: "t" }],
  ];
  assert.deepEqual(await askManager("/login", { body: {}, isPatient: true }), { token: "t" });
  assert.equal(pauses.length, 2);
  assert.ok(pauses.some((pause) => pause >= 2000 && pause <= 2500));
});

test("asking again has an end, with the manager's words", async () => {
  answers = [[503, { "Retry-After": "6" }, WORDS]];
  await assert.rejects(askManager("/login", { body: {}, isPatient: true }), (error) => {
    assert.ok(error instanceof HttpError);
    assert.match(error.message, /^The catalog is not available/);
    return true;
  });
  assert.equal(pauses.length, 3);
});

test("what may have been done is not asked again, and neither is what helps nobody", async () => {
  answers = [[503, { "Retry-After": "1" }, WORDS]];
  await assert.rejects(askManager("/register", { body: {} }), { status: 503 });
  for (const answer of [
    [503, {}, WORDS],
    [503, { "Retry-After": "soon" }, WORDS],
    [429, { "Retry-After": "1" }, WORDS],
    [500, { "Retry-After": "1" }, WORDS],
  ]) {
    answers = [answer as any];
    await assert.rejects(askManager("/login", { body: {}, isPatient: true }), { status: answer[0] });
  }
  assert.deepEqual(pauses, []);
});
