/** What administrators do with the users of the cloud. The manager asks each time whether somebody is one. */

import type { AuditFilter, AuditPage, Quota, StorageUse, UsageOrder, UserUsage } from "../../types/audit.js";
import type { Account, UserList } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import type { FactorSummary, Invitation, InvitationOptions } from "../../types/account.js";
import type { Store } from "../state/store.js";
import { askManager } from "./http.js";

export class Administration {
  #store;
  #connection;
  #token;

  constructor(store: Store, connection: Connection, token: () => Promise<string>) {
    this.#store = store;
    this.#connection = connection;
    this.#token = token;
  }

  async secondFactorsOf(account: Account): Promise<FactorSummary> {
    return askManager(secondFactorPath(account), { token: await this.#token() });
  }

  /** Demands a second factor of a user, or not any more. */
  async demandSecondFactor(account: Account, isDemanded: boolean) {
    await askManager(secondFactorPath(account), { body: { is_demanded: isDemanded }, token: await this.#token() });
  }

  /** Removes the second factors of somebody who has lost them. */
  async resetSecondFactors(account: Account) {
    await askManager(`${secondFactorPath(account)}/reset`, { body: {}, token: await this.#token() });
  }

  /** Who does all this. */
  get me() {
    return this.#store.state.session.user?.id;
  }

  /**
   * Users by name, a page at a time.
   * @param page from 0
   * @param query a part of the name; empty: everybody
   */
  users(page: number, query: string): Promise<UserList> {
    return this.#connection.request("c2s:user-list-request", { page, ...(query && { query }) });
  }

  /** Sets somebody else's password, whose logins end. */
  async setPassword(account: Account, password: string) {
    await this.#connection.request("c2s:user-password-set", { user_id: account.id, password });
  }

  async setRole(account: Account, isAdmin: boolean) {
    await this.#connection.request("c2s:user-role-set", { user_id: account.id, is_admin: isAdmin });
  }

  /** Removes a user whose files go to the heir, or away when there is none. The manager does some of it at a time. */
  async remove(account: Account, heirId: number | null, onProgress: (remainingFiles: number) => void) {
    const wanted = { user_id: account.id, ...(heirId !== null && { heir_id: heirId }) };
    for (;;) {
      const { remaining_files: remaining } = await this.#connection.request("c2s:user-remove", wanted);
      if (remaining === 0) return;
      onProgress(remaining);
    }
  }

  /** What a user stores, and may store. Rejects with `HttpError`. */
  async storage(account: Account): Promise<StorageUse> {
    return askManager(`/admin/users/${account.id}/storage`, { token: await this.#token() });
  }

  /** A page of what all users store, and where the next one begins. Rejects with `HttpError`. */
  async usage(order: UsageOrder, ascending: boolean, offset: number): Promise<{ users: UserUsage[]; next: number | null }> {
    return askManager(`/admin/usage?order=${order}&ascending=${ascending}&offset=${offset}`, { token: await this.#token() });
  }

  async setQuota(account: Account, quota: Quota): Promise<StorageUse> {
    return askManager(`/admin/users/${account.id}/quota`, { body: quota, token: await this.#token() });
  }

  /** All invitations, the newest first. Rejects with `HttpError`. */
  async invitations(): Promise<Invitation[]> {
    return (await askManager("/admin/invitations", { token: await this.#token() })).invitations;
  }

  /** Makes an invitation, whose address nobody gets again. Rejects with `HttpError`. */
  async invite(options: InvitationOptions): Promise<Invitation> {
    return (await askManager("/admin/invitations", { body: options, token: await this.#token() })).invitation;
  }

  async revokeInvitation(id: string) {
    await askManager(`/admin/invitations/${id}`, { method: "DELETE", token: await this.#token() });
  }

  /**
   * A page of the audit log, newest first. Rejects with `HttpError`.
   * @param after `next` of the page before
   */
  async audit(filter: AuditFilter, after: string | null): Promise<AuditPage> {
    const given = Object.entries({ ...filter, after: after ?? "" }).filter(([, value]) => value !== "");
    return askManager(`/admin/audit?${new URLSearchParams(given)}`, { token: await this.#token() });
  }
}

function secondFactorPath(account: Account) {
  return `/admin/users/${account.id}/second-factor`;
}
