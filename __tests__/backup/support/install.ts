import keepTemporaryFiles from "../../support/temporary-files";
import { FAKE_GCS_SERVER, install, VERSITYGW } from "./servers";

/** Before all tests. */
export default function installServers(): void {
  keepTemporaryFiles();
  install(VERSITYGW);
  install(FAKE_GCS_SERVER);
}
