import { installs, startMariadb } from "./support/installation";

describe("on MariaDB, over TLS", () => installs(startMariadb));
