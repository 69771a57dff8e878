/** The left side: uploading, where one is, what is stored, who serves, who one is. */

import { formatRoute } from "../state/route.js";
import { type Language, LANGUAGES, chooseLanguage, chosenLanguage } from "../text/language.js";
import { text } from "../text/text.js";
import { onPlainClick, useApp, useStore } from "./dom.js";
import { Icon } from "./icon.js";
import { additions } from "./item-actions.js";
import { useDropTarget } from "./item-drag.js";
import { MenuButton } from "./menu-button.js";
import { StorageCard } from "./storage-card.js";
import { ThemeButton } from "./theme-button.js";

export function Sidebar() {
  const app = useApp();
  const listing = useStore((state) => state.listing);
  return (
    <aside class="sidebar" aria-label={text.sidebar.label}>
      <div class="brand">
        <Icon name="cloud" class="brand-mark" />
        <span>{text.app.name}</span>
      </div>
      <MenuButton class="button primary wide upload-button" label={text.actions.upload} choices={additions(app, listing)}>
        <Icon name="upload" />
        <span>{text.actions.upload}</span>
      </MenuButton>
      <nav class="side-nav" aria-label={text.sidebar.places}>
        <Home />
        <ServicesButton />
      </nav>
      <div class="side-space"></div>
      <StorageCard />
      <UserBar />
    </aside>
  );
}

function Home() {
  const app = useApp();
  const route = useStore((state) => state.route);
  const isAtRoot = useStore((state) => state.listing.path.length === 0);
  const [isTarget, drop] = useDropTarget([]);
  return (
    <a
      class={isTarget ? "drop-target" : ""}
      href={formatRoute({ ...route, path: [], open: null })}
      aria-current={isAtRoot ? "page" : undefined}
      onClick={onPlainClick(() => app.navigation.openFolder([]))}
      {...drop}
    >
      <Icon name="home" />
      {text.app.root}
    </a>
  );
}

function ServicesButton() {
  const app = useApp();
  const count = useStore((state) => state.services.filter((service) => service.type === "upload").length);
  const isOnline = useStore((state) => state.link.phase === "online");
  return (
    <button type="button" onClick={() => app.store.set({ dialog: { kind: "services" } })}>
      <Icon name="server" />
      <span>{text.services.title}</span>
      <span class={`pill ${isOnline && count > 0 ? "good" : ""}`} aria-label={text.services.ready(count)}>
        {count}
      </span>
    </button>
  );
}

function UserBar() {
  const app = useApp();
  const user = useStore((state) => state.session.user);
  const open = (kind: "account" | "audit" | "users" | "shortcuts") => () => app.store.set({ dialog: { kind } });
  const logout = () => (app.isWorking ? app.store.set({ dialog: { kind: "logout" } }) : void app.logout());
  const choices = [
    ...(user?.isAdmin
      ? [
          { label: text.users.title, icon: "users", run: open("users") },
          { label: text.audit.title, icon: "list", run: open("audit") },
        ]
      : []),
    { label: text.account.title, icon: "key", run: open("account") },
    { label: text.shortcuts.title, icon: "keyboard", run: open("shortcuts") },
    "line" as const,
    { note: text.language.title },
    ...([null, ...Object.keys(LANGUAGES)] as (Language | null)[]).map((choice) => ({
      label: choice ? LANGUAGES[choice] : text.language.auto,
      icon: "globe",
      isChosen: choice === chosenLanguage,
      run: () => chooseLanguage(choice),
    })),
    "line" as const,
    { label: text.login.logout, icon: "logout", run: logout },
  ];
  return (
    <div class="user-bar">
      <MenuButton class="user-button" label={text.sidebar.account} choices={choices} above namesItself>
        <span class="avatar" aria-hidden="true">
          {(user?.name ?? "?").charAt(0).toUpperCase()}
        </span>
        <span class="user-name">
          <span class="hidden">{text.sidebar.accountOf} </span>
          {user?.name}
          {user?.isAdmin && <small> {text.users.administrator}</small>}
        </span>
        <Icon name="up-down" />
      </MenuButton>
      <ThemeButton />
    </div>
  );
}
