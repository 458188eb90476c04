import { startMariadb } from "./support/databases";
import { installs } from "./support/installation";

describe("on MariaDB, over TLS", () => installs(startMariadb));
