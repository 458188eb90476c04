import { FAKE_GCS_SERVER, install, VERSITYGW } from "./servers";

/** Before all tests. */
export default function installServers(): void {
  install(VERSITYGW);
  install(FAKE_GCS_SERVER);
}
