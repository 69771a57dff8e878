/** The upload services: which there are, and what each is doing. */

import type { ServiceReport } from "../../actions/overview.js";
import { messageOf } from "../../protocol/errors.js";
import { text } from "../../text/dialogs.js";
import { Blank, FormError, Spinner } from "../controls.js";
import { useApp, useEffect, useState, useStore } from "../dom.js";
import { Icon } from "../icon.js";
import { Dialog } from "./dialog.js";

const REFRESH_MS = 2_000;

export function ServicesDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const registered = useStore((state) => state.services);
  const booked = useStore((state) => state.uploads.booked);
  const [reports, setReports] = useState<ServiceReport[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const show = (found: ServiceReport[] | null, reason: string | null) => {
      setReports(found);
      setProblem(reason);
    };
    const refresh = () =>
      app.overview.services().then(
        (found) => show(found, null),
        (error) => show(null, messageOf(error)),
      );
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, [registered]);
  const free = reports?.filter((report) => report.user === null).length ?? 0;
  return (
    <Dialog title={text.services.title} onClose={onClose} wide>
      {!reports && !problem && <Spinner label={text.app.loading} />}
      <FormError text={problem} />
      {reports && (
        <div class="numbers">
          <div>
            <strong>{reports.length}</strong>
            <span>{text.services.connected}</span>
          </div>
          <div>
            <strong>{free}</strong>
            <span>{text.services.free}</span>
          </div>
          <div>
            <strong>{booked}</strong>
            <span>{text.services.mine}</span>
          </div>
        </div>
      )}
      {reports?.length === 0 && <Blank icon="server" title={text.services.none} text={text.services.noneText} />}
      <ul class="services">
        {reports?.map((report) => (
          <li key={report.id}>
            <Icon name="server" />
            <span class="service-address">{report.address}</span>
            <span class={`pill ${report.user === null ? "good" : "busy"}`}>
              {report.user === null ? text.services.isFree : text.services.servesUser(report.user)}
            </span>
          </li>
        ))}
      </ul>
      <p class="muted">{text.services.explain}</p>
    </Dialog>
  );
}
