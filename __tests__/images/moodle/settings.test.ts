import { MoodleFolder } from "./support/moodle-folder";

let folder: MoodleFolder;
beforeEach(() => {
  folder = new MoodleFolder();
});
afterEach(() => folder.remove());

describe("the site", () => {
  test("is behind TLS of the load balancer, and believes no header about the visitor", () => {
    expect(folder.settings()).toMatchObject({
      wwwroot: "https://moodle.example.edu",
      sslproxy: true,
      cookiesecure: true,
      getremoteaddrconf: 3,
    });
    expect(folder.settings()).not.toHaveProperty("reverseproxy");
  });

  test("may be without TLS only where that is said", () => {
    const plain = { MOODLE_WWWROOT: "http://localhost:8080" };
    expect(folder.settings({ ...plain, MOODLE_REVERSE_PROXY_TLS: "disable" })).toMatchObject({
      wwwroot: "http://localhost:8080",
      sslproxy: false,
      cookiesecure: false,
    });
    expect(folder.refusal(plain)).toBe(
      'moodle: MOODLE_WWWROOT is "http://localhost:8080": set it to https://<domain>, without a slash at its end',
    );
  });

  test.each(["https://moodle.example.edu/", "moodle.example.edu", "https://", "https://moodle.example.edu /x"])(
    "refuses the address %p",
    (address) => expect(folder.refusal({ MOODLE_WWWROOT: address })).toContain(`MOODLE_WWWROOT is "${address}"`),
  );

  test("keeps the pod's own caches apart from the shared folder", () => {
    const { MOODLE_LOCAL_DIR: local, MOODLE_DATA_DIR: data } = folder.environment;
    expect(folder.settings()).toMatchObject({
      dataroot: data,
      localcachedir: `${local}/cache`,
      localrequestdir: `${local}/request`,
      alternative_component_cache: `${local}/core_component.php`,
    });
  });

  test("cannot be changed in what belongs to the image", () => {
    const { upgradekey: first, ...settings } = folder.settings();
    expect(settings).toMatchObject({
      disableupdateautodeploy: true,
      disableupdatenotifications: true,
      preventexecpath: true,
      uninstallclionly: true,
    });
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(folder.settings().upgradekey).not.toBe(first);
  });

  test("has a router from 5.1 on", () => {
    expect(folder.settings().routerconfigured).toBe(false);
    const later = new MoodleFolder("public");
    expect(later.settings().routerconfigured).toBe(true);
    later.remove();
  });

  test("says what is missing, and nothing to a visitor", () => {
    expect(folder.refusal({ MOODLE_WWWROOT: "" })).toBe("moodle: MOODLE_WWWROOT is not set: give it a value");
  });
});

describe("the database", () => {
  test("is reached by TLS that verifies its name, with the authority in both drivers' variables", () => {
    expect(folder.settings()).toMatchObject({
      dbtype: "pgsql",
      dbhost: "database.example.edu",
      dbname: "moodle",
      dbuser: "moodle",
      dbpass: "secret",
      prefix: "mdl_",
      dboptions: { dbport: 5432, ssl: "verify-full", connecttimeout: 5, dbpersist: false },
    });
    const { stdout } = folder.php("echo getenv('PGSSLROOTCERT'), ' ', getenv('SSL_CERT_FILE');");
    const file = "/etc/moodle/authorities/database.pem";
    expect(stdout).toBe(`${file} ${file}`);
  });

  test.each(["mysqli", "mariadb", "auroramysql"])("may be %s", (type) => {
    expect(folder.settings({ MOODLE_DATABASE_TYPE: type })).toMatchObject({
      dbtype: type,
      dboptions: { ssl: "verify-full", dbcollation: "utf8mb4_unicode_ci" },
    });
  });

  test("may be without TLS only where that is said", () => {
    const off = { MOODLE_DATABASE_TLS: "disable", MOODLE_DATABASE_CA_FILE: "" };
    expect(folder.settings(off).dboptions.ssl).toBe("disable");
    expect(folder.settings({ ...off, MOODLE_DATABASE_TYPE: "mariadb" }).dboptions).not.toHaveProperty("ssl");
    expect(folder.refusal({ MOODLE_DATABASE_CA_FILE: "" })).toContain("MOODLE_DATABASE_CA_FILE is not set");
    expect(folder.refusal({ MOODLE_DATABASE_TLS: "off" })).toBe(
      'moodle: MOODLE_DATABASE_TLS is "off": set it to one of disable',
    );
  });

  test("is read from replicas, with logins of their own where there are some", () => {
    const readers = { MOODLE_DATABASE_READERS: "one.example.edu two.example.edu" };
    const instance = (host: string, user: string, password: string) => ({
      dbhost: host,
      dbport: 5432,
      dbuser: user,
      dbpass: password,
    });
    expect(folder.settings().dboptions).not.toHaveProperty("readonly");
    expect(folder.settings(readers).dboptions.readonly).toEqual({
      instance: [instance("one.example.edu", "moodle", "secret"), instance("two.example.edu", "moodle", "secret")],
      connecttimeout: 2,
      latency: 1,
      exclude_tables: expect.any(Array),
    });
    folder.secret("database-reader/username", "reader");
    folder.secret("database-reader/password", "other");
    expect(folder.settings(readers).dboptions.readonly).toMatchObject({
      instance: [instance("one.example.edu", "reader", "other"), instance("two.example.edu", "reader", "other")],
    });
  });

  test("is not read from replicas for what caches and sessions keep, nor for tasks", () => {
    const readers = { MOODLE_DATABASE_READERS: "one.example.edu" };
    const { exclude_tables: excluded } = folder.settings(readers).dboptions.readonly as { exclude_tables: string[] };
    expect(excluded).toEqual(
      expect.arrayContaining([
        "config",
        "role_capabilities",
        "role_assignments",
        "cache_flags",
        "course",
        "task_adhoc",
      ]),
    );
    // Activities are those of the code.
    expect(excluded).toContain("quiz");
    expect(new Set(excluded).size).toBe(excluded.length);
    for (const table of ["user", "messages", "logstore_standard_log", "forum_posts", "grade_grades", "quiz_attempts"])
      expect(excluded).not.toContain(table);
    const later = new MoodleFolder("public");
    expect(later.settings(readers).dboptions.readonly).toEqual(folder.settings(readers).dboptions.readonly);
    later.remove();
  });

  test("is the writer alone for commands and workers, which must see what another has just ended", () => {
    const load = "require getenv('MOODLE_SOURCE_DIR') . '/config.php'; echo json_encode($CFG->dboptions);";
    const { stdout } = folder.moodle(["php", "-r", load], { MOODLE_DATABASE_READERS: "one.example.edu" });
    expect(JSON.parse(stdout)).not.toHaveProperty("readonly");
    expect(JSON.parse(stdout)).toHaveProperty("dbport");
  });

  test("behind a transaction pooler has neither cursors nor locks of a session", () => {
    expect(folder.settings()).not.toHaveProperty("lock_factory");
    const settings = folder.settings({ MOODLE_DATABASE_FETCH_BUFFER: "0" });
    expect(settings).toMatchObject({
      lock_factory: "\\core\\lock\\db_record_lock_factory",
      dboptions: { fetchbuffersize: 0 },
    });
  });

  test.each([
    ["MOODLE_DATABASE_TYPE", "oci", 'is "oci": set it to one of pgsql, mysqli, mariadb, auroramysql'],
    ["MOODLE_DATABASE_PORT", "0", 'is "0": set it to a whole number from 1 to 65535'],
    ["MOODLE_DATABASE_PORT", "54x", 'is "54x": set it to a whole number from 1 to 65535'],
    ["MOODLE_DATABASE_FETCH_BUFFER", "-1", 'is "-1": set it to a whole number from 0 to 10000000'],
  ])("refuses %s=%s", (name, value, message) => {
    expect(folder.refusal({ [name]: value })).toBe(`moodle: ${name} ${message}`);
  });
});

describe("sessions", () => {
  test("are in Redis, by TLS", () => {
    expect(folder.settings()).toMatchObject({
      session_handler_class: "platform\\RedisSessions",
      session_redis_host: "sessions.example.edu",
      session_redis_port: 6379,
      session_redis_encrypt: { cafile: "/etc/moodle/authorities/redis-sessions.pem" },
      session_redis_prefix: "moodle:site:session:",
      session_redis_serializer_use_igbinary: true,
      session_redis_acquire_lock_timeout: 60,
      session_redis_acquire_lock_retry: 100,
      session_redis_max_retries: 3,
    });
  });

  test("have a password where one is mounted", () => {
    expect(folder.settings()).not.toHaveProperty("session_redis_auth");
    folder.secret("redis-sessions/password", "p'\"$\\ ü\n");
    expect(folder.settings().session_redis_auth).toBe("p'\"$\\ ü");
  });

  test("lose their lock when PHP-FPM ends the request that holds it", () => {
    expect(folder.settings({ MOODLE_REQUEST_TIMEOUT: "77" }).session_redis_lock_expire).toBe(77);
  });

  test("may be without TLS only where that is said", () => {
    const off = { MOODLE_REDIS_TLS: "disable", MOODLE_REDIS_SESSIONS_CA_FILE: "", MOODLE_REDIS_CACHE_CA_FILE: "" };
    expect(folder.settings(off)).not.toHaveProperty("session_redis_encrypt");
  });
});

describe("outgoing mail", () => {
  const relay = {
    MOODLE_SMTP_HOST: "smtp.example.edu:587",
    MOODLE_SMTP_SECURITY: "starttls",
    MOODLE_NOREPLY_ADDRESS: "noreply@example.edu",
  };

  test("is not tried without a relay", () => {
    expect(folder.settings().noemailever).toBe(true);
    expect(folder.settings(relay)).not.toHaveProperty("noemailever");
  });

  test("goes by the relay, in PHPMailer's words", () => {
    expect(folder.settings(relay)).toMatchObject({
      smtphosts: "smtp.example.edu:587",
      smtpsecure: "tls",
      smtpuser: "",
      noreplyaddress: "noreply@example.edu",
    });
    expect(folder.settings({ ...relay, MOODLE_SMTP_SECURITY: "tls" }).smtpsecure).toBe("ssl");
  });

  test("logs in where a login is mounted", () => {
    folder.secret("smtp/username", "moodle");
    folder.secret("smtp/password", "relay");
    expect(folder.settings(relay)).toMatchObject({ smtpuser: "moodle", smtppass: "relay" });
  });

  test("refuses a relay without a port, and no word about TLS", () => {
    expect(folder.refusal({ ...relay, MOODLE_SMTP_HOST: "smtp.example.edu" })).toBe(
      'moodle: MOODLE_SMTP_HOST is "smtp.example.edu": set it to <host>:<port>',
    );
    expect(folder.refusal({ ...relay, MOODLE_SMTP_SECURITY: "none" })).toContain("set it to one of tls, starttls");
  });
});

test("uploads are scanned where there is a scanner, and refused while it is away", () => {
  expect(folder.settings()).not.toHaveProperty("antiviruses");
  expect(folder.settings({ MOODLE_CLAMAV_HOST: "clamav", MOODLE_CLAMAV_PORT: "3310" })).toMatchObject({
    antiviruses: "clamav",
    forced_plugin_settings: {
      antivirus_clamav: {
        runningmethod: "tcpsocket",
        tcpsockethost: "clamav",
        tcpsocketport: 3310,
        clamfailureonupload: "tryagain",
      },
    },
  });
});

test("workers of the whole site are limited where that is said", () => {
  expect(folder.settings()).not.toHaveProperty("task_adhoc_concurrency_limit");
  expect(folder.settings({ MOODLE_CRON_CONCURRENCY: "4", MOODLE_ADHOC_CONCURRENCY: "6" })).toMatchObject({
    task_scheduled_concurrency_limit: 4,
    task_adhoc_concurrency_limit: 6,
  });
  expect(folder.settings({ MOODLE_ADHOC_CONCURRENCY: "6", MOODLE_TASKS: "scheduled" })).toMatchObject({
    task_adhoc_concurrency_limit: 0,
  });
});
