/** Starts the page. */

import { App } from "./actions/app.js";
import { language } from "./text/language.js";
import { AppProvider, render } from "./views/dom.js";
import { keepFocus } from "./views/kept-focus.js";
import { Root } from "./views/root.js";

document.documentElement.lang = language;
const app = new App();
render(
  <AppProvider value={app}>
    <Root />
  </AppProvider>,
  document.body,
);
keepFocus();
void app.start();
