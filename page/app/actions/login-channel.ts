/**
 * What the tabs of a browser tell each other about the login, so that they share it: a tab that has none asks the others, new
 * tokens and renewal secrets go to all, and logging out in one logs out all. Only this origin hears it.
 */

const NAME = "discord-cloud.login";

/** A login as it is stored; `stays`: in the storage that outlives all tabs. */
export type StoredLogin = { token: string; renewal: string | null; renewAt: string | null; stays: boolean };

type Message = { kind: "ask" } | { kind: "login"; login: StoredLogin } | { kind: "logout" };

export interface LoginListener {
  /** the login of this tab; null without one */
  ownLogin: () => StoredLogin | null;
  onLogin: (login: StoredLogin) => void;
  onLogout: () => void;
}

export class LoginChannel {
  #channel = new BroadcastChannel(NAME);

  constructor(listener: LoginListener) {
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "login") return listener.onLogin(data.login);
      if (data.kind === "logout") return listener.onLogout();
      const login = listener.ownLogin();
      if (login) this.announce(login);
    };
  }

  /** Asks the other tabs for their login. */
  ask() {
    this.#post({ kind: "ask" });
  }

  announce(login: StoredLogin) {
    this.#post({ kind: "login", login });
  }

  announceLogout() {
    this.#post({ kind: "logout" });
  }

  #post(message: Message) {
    this.#channel.postMessage(message);
  }
}
