// An OpenID provider on loopback, for tests: npm's oidc-provider, with a login that asks nothing.
//
//   node provider.js
//
// prints its URL. POST /control with JSON says where the manager is ({"redirect_uri": …}), which makes new keys as
// well, who logs in next ({"account": {"sub": …, claims…}}), and whether it fails ({"failing": true}). It ends with
// its standard input.

import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

/** What tests change. */
const state = {
  account: { sub: "nobody" },
  redirectUri: "http://127.0.0.1/callback",
  keys: 0,
  failing: false,
};

/** @type {Map<string, Record<string, unknown>>} Accounts that have logged in, by subject. */
const accounts = new Map();

/** A new key pair as JWK. */
function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  state.keys += 1;
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${state.keys}`, use: "sig", alg: "ES256" };
}

/** A provider with keys of its own. */
function newProvider(/** @type {string} */ issuer) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "discord-cloud",
        client_secret: "a secret+of/the client",
        redirect_uris: [state.redirectUri],
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [newKey()] },
    cookies: { keys: ["a key for cookies"] },
    claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, ...accounts.get(sub) }),
    }),
  });
  provider.on("server_error", (_context, error) => console.error(error));
  return provider;
}

/** @type {Provider} */
let provider;

/** Logs in as the account, and consents to all. */
async function interact(/** @type {any} */ request, /** @type {any} */ response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    accounts.set(state.account.sub, state.account);
    const login = { accountId: state.account.sub };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

/** Changes what tests want. */
async function control(/** @type {any} */ request, /** @type {any} */ response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const wanted = JSON.parse(Buffer.concat(parts).toString());
  if (wanted.account) state.account = wanted.account;
  if (wanted.redirect_uri) {
    state.redirectUri = wanted.redirect_uri;
    provider = newProvider(provider.issuer);
  }
  if ("failing" in wanted) state.failing = wanted.failing;
  response.writeHead(204).end();
}

const server = createServer((request, response) => {
  const path = request.url ?? "";
  if (path === "/control") return control(request, response);
  if (state.failing) return response.writeHead(500).end();
  if (path.startsWith("/interaction/")) return interact(request, response);
  return provider.callback()(request, response);
});

server.listen(0, "127.0.0.1", () => {
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  provider = newProvider(`http://127.0.0.1:${address.port}`);
  console.log(provider.issuer);
});
process.stdin.on("end", () => process.exit()).resume();
