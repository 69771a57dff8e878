/** The audit log and quotas, as the manager's routes have them. */

export interface AuditEvent {
  id: string;
  first_at: string;
  last_at: string;
  count: number;
  action: string;
  outcome: "success" | "failure";
  actor_id: number | null;
  actor: string | null;
  /** Null: a command on the machine of the manager, or the manager itself. */
  address: string | null;
  subject: string | null;
  /** Whether the subject is a path that one may not see. */
  is_hidden: boolean;
  details: Record<string, unknown>;
}

/** What events have to match; empty matches all. */
export interface AuditFilter {
  user: string;
  action: string;
  /** The least time, as ISO 8601. */
  since: string;
}

export interface AuditPage {
  events: AuditEvent[];
  /** Continues the page; null: there is nothing more. */
  next: string | null;
  /** The names of all actions. */
  actions: string[];
}

export interface Amount {
  bytes: number;
  files: number;
}

/** Null: any number. */
export interface Quota {
  bytes: number | null;
  files: number | null;
}

/** What a user stores, as administrators see it. */
export interface UserUsage {
  id: number;
  name: string;
  is_admin: boolean;
  quota: Quota;
  /** What counts, of which the rest is part. */
  stored: Amount;
  trash: Amount;
  version_bytes: number;
  /** When a login that there still is was last used; null without one. */
  last_seen_at: string | null;
}

export type UsageOrder = "name" | "stored" | "files" | "quota" | "seen";

export interface StorageUse {
  quota: Quota;
  stored: Amount;
  temporary: Amount;
}
