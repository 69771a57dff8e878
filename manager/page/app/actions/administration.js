/** What administrators do with the users of the cloud. The manager asks each time whether somebody is one. */

/** @import { AuditFilter, AuditPage, Quota, StorageUse } from "../../types/audit.js" */
/** @import { Account, UserList } from "../../types/wire.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { FactorSummary } from "../../types/account.js" */
/** @import { Store } from "../state/store.js" */
import { askManager } from "./http.js";

export class Administration {
  #store;
  #connection;
  #token;

  /**
   * @param {Store} store
   * @param {Connection} connection
   * @param {() => Promise<string>} token
   */
  constructor(store, connection, token) {
    this.#store = store;
    this.#connection = connection;
    this.#token = token;
  }

  /**
   * @param {Account} account
   * @returns {Promise<FactorSummary>}
   */
  async secondFactorsOf(account) {
    return askManager(secondFactorPath(account), { token: await this.#token() });
  }

  /**
   * Demands a second factor of a user, or not any more.
   * @param {Account} account
   * @param {boolean} isDemanded
   */
  async demandSecondFactor(account, isDemanded) {
    await askManager(secondFactorPath(account), { body: { is_demanded: isDemanded }, token: await this.#token() });
  }

  /**
   * Removes the second factors of somebody who has lost them.
   * @param {Account} account
   */
  async resetSecondFactors(account) {
    await askManager(`${secondFactorPath(account)}/reset`, { body: {}, token: await this.#token() });
  }

  /** Who does all this. */
  get me() {
    return this.#store.state.session.user?.id;
  }

  /**
   * Users by name, a page at a time.
   * @param {number} page from 0
   * @param {string} query a part of the name; empty: everybody
   * @returns {Promise<UserList>}
   */
  users(page, query) {
    return this.#connection.request("c2s:user-list-request", { page, ...(query && { query }) });
  }

  /**
   * Sets somebody else's password, whose logins end.
   * @param {Account} account
   * @param {string} password
   */
  async setPassword(account, password) {
    await this.#connection.request("c2s:user-password-set", { user_id: account.id, password });
  }

  /**
   * @param {Account} account
   * @param {boolean} isAdmin
   */
  async setRole(account, isAdmin) {
    await this.#connection.request("c2s:user-role-set", { user_id: account.id, is_admin: isAdmin });
  }

  /**
   * Removes a user whose files go to the heir, or away when there is none. The manager does some of it at a time.
   * @param {Account} account
   * @param {number | null} heirId
   * @param {(remainingFiles: number) => void} onProgress
   */
  async remove(account, heirId, onProgress) {
    const wanted = { user_id: account.id, ...(heirId !== null && { heir_id: heirId }) };
    for (;;) {
      const { remaining_files: remaining } = await this.#connection.request("c2s:user-remove", wanted);
      if (remaining === 0) return;
      onProgress(remaining);
    }
  }

  /**
   * What a user stores, and may store. Rejects with `HttpError`.
   * @param {Account} account
   * @returns {Promise<StorageUse>}
   */
  async storage(account) {
    return askManager(`/admin/users/${account.id}/storage`, { token: await this.#token() });
  }

  /**
   * @param {Account} account
   * @param {Quota} quota
   * @returns {Promise<StorageUse>}
   */
  async setQuota(account, quota) {
    return askManager(`/admin/users/${account.id}/quota`, { body: quota, token: await this.#token() });
  }

  /**
   * A page of the audit log, newest first. Rejects with `HttpError`.
   * @param {AuditFilter} filter
   * @param {string | null} after `next` of the page before
   * @returns {Promise<AuditPage>}
   */
  async audit(filter, after) {
    const given = Object.entries({ ...filter, after: after ?? "" }).filter(([, value]) => value !== "");
    return askManager(`/admin/audit?${new URLSearchParams(given)}`, { token: await this.#token() });
  }
}

/** @param {Account} account */
function secondFactorPath(account) {
  return `/admin/users/${account.id}/second-factor`;
}
