/** The upload services: which there are, and what each is doing. */

/** @import { ServiceReport } from "../../actions/overview.js" */
import { messageOf } from "../../protocol/errors.js";
import { text } from "../../text/text.js";
import { Blank, FormError, Spinner } from "../controls.js";
import { html, useApp, useEffect, useState, useStore } from "../dom.js";
import { Icon } from "../icon.js";
import { Dialog } from "./dialog.js";

const REFRESH_MS = 2_000;

/** @param {{ onClose: () => void }} properties */
export function ServicesDialog({ onClose }) {
  const app = useApp();
  const registered = useStore((state) => state.services);
  const booked = useStore((state) => state.uploads.booked);
  const [reports, setReports] = useState(/** @type {ServiceReport[] | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    const show = (/** @type {ServiceReport[] | null} */ found, /** @type {string | null} */ reason) => {
      setReports(found);
      setProblem(reason);
    };
    const refresh = () => app.overview.services().then((found) => show(found, null), (error) => show(null, messageOf(error)));
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, [registered]);
  const free = reports?.filter((report) => report.user === null).length ?? 0;
  return html`<${Dialog} title=${text.services.title} onClose=${onClose} wide>
    ${!reports && !problem && html`<${Spinner} label=${text.app.loading} />`}
    <${FormError} text=${problem} />
    ${reports &&
    html`<div class="numbers">
      <div><strong>${reports.length}</strong><span>${text.services.connected}</span></div>
      <div><strong>${free}</strong><span>${text.services.free}</span></div>
      <div><strong>${booked}</strong><span>${text.services.mine}</span></div>
    </div>`}
    ${reports?.length === 0 && html`<${Blank} icon="server" title=${text.services.none} text=${text.services.noneText} />`}
    <ul class="services">
      ${reports?.map(
        (report) => html`<li key=${report.id}>
          <${Icon} name="server" />
          <span class="service-address">${report.address}</span>
          <span class="pill ${report.user === null ? "good" : "busy"}">${report.user === null ? text.services.isFree : text.services.servesUser(report.user)}</span>
        </li>`,
      )}
    </ul>
    <p class="muted">${text.services.explain}</p>
  <//>`;
}
