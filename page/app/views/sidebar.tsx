/** The left side: uploading, where one is, what is stored, who one is. */

import type { Place } from "../../types/state.js";
import { samePath } from "../state/paths.js";
import { formatRoute, showsFolder } from "../state/route.js";
import { SHARED } from "../state/spaces.js";
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
  const clipboard = useStore((state) => state.clipboard);
  const hasOverview = useStore((state) => state.hasOverview);
  const hasStars = useStore((state) => state.stars !== null);
  const { hasSpaces } = useStore((state) => state.features);
  return (
    <aside class="sidebar" aria-label={text.sidebar.label}>
      <div class="brand">
        <Icon name="cloud" class="brand-mark" />
        <span>{text.app.name}</span>
      </div>
      <MenuButton
        class="button primary wide upload-button"
        label={text.actions.upload}
        choices={additions(app, listing, clipboard)}
      >
        <Icon name="upload" />
        <span>{text.actions.upload}</span>
      </MenuButton>
      <nav class="side-nav" aria-label={text.sidebar.places}>
        <FolderLink path={ROOT} icon="home" label={text.app.root} />
        {hasSpaces && <FolderLink path={SHARED} icon="users" label={text.folderSharing.withMe} />}
        {hasOverview && <PlaceLink place="recent" icon="clock" />}
        {hasStars && <PlaceLink place="starred" icon="star" />}
        <PlaceLink place="links" icon="link" />
        <PlaceLink place="trash" icon="trash" />
      </nav>
      <div class="side-space"></div>
      <StorageCard />
      <UserBar />
    </aside>
  );
}

const ROOT: readonly string[] = [];

function FolderLink({ path, icon, label }: { path: readonly string[]; icon: string; label: string }) {
  const app = useApp();
  const route = useStore((state) => state.route);
  const isHere = showsFolder(route) && samePath(route.path, path);
  const [isTarget, drop] = useDropTarget(path);
  return (
    <a
      class={isTarget ? "drop-target" : ""}
      href={formatRoute({ ...route, path, place: null, query: null, open: null })}
      aria-current={isHere ? "page" : undefined}
      onClick={onPlainClick(() => app.navigation.openFolder(path))}
      {...drop}
    >
      <Icon name={icon} />
      {label}
    </a>
  );
}

function PlaceLink({ place, icon }: { place: Place; icon: string }) {
  const app = useApp();
  const route = useStore((state) => state.route);
  return (
    <a
      href={formatRoute({ ...route, path: [], place, query: null, open: null })}
      aria-current={route.place === place ? "page" : undefined}
      onClick={onPlainClick(() => app.navigation.openPlace(place))}
    >
      <Icon name={icon} />
      {text.places[place]}
    </a>
  );
}

function UserBar() {
  const app = useApp();
  const user = useStore((state) => state.session.user);
  const open = (kind: "account" | "audit" | "users" | "services" | "shortcuts") => () => app.store.set({ dialog: { kind } });
  const logout = () =>
    app.uploadsOnDemand.loaded?.isWorking ? app.store.set({ dialog: { kind: "logout" } }) : void app.logout();
  const choices = [
    ...(user?.isAdmin
      ? [
          { label: text.users.title, icon: "users", run: open("users") },
          { label: text.audit.title, icon: "list", run: open("audit") },
          { label: text.services.title, icon: "server", run: open("services") },
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
