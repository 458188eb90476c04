import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { expectOk } from "../moodle";
import type { Service } from "../processes";
import { program } from "../programs";
import { replaceFile, type Site } from "../site";

/** Where Debian's package puts what the server loads. */
const MODULES = "/etc/apache2/mods-enabled";

/**
 * The same Moodle, with the same database, as Debian's Apache with mod_php serves it by itself: modules and php.ini as
 * installed, Moodle's default caches and sessions in files of its own data folder.
 */
export function apache(site: Site, port: number): Service {
  const apache2 = program("apache2");
  if (!existsSync(`${MODULES}/php8.2.load`)) throw new Error("install libapache2-mod-php8.2");
  const folder = site.path("apache");
  rmSync(folder, { recursive: true, force: true });
  for (const name of ["run", "log", "data"]) mkdirSync(`${folder}/${name}`, { recursive: true });
  execFileSync("cp", ["--recursive", "--link", site.path("code"), `${folder}/code`]);
  rmSync(`${folder}/code/config.php`);
  replaceFile(`${folder}/code/config.php`, moodleConfiguration(site, folder, port));
  cpSync(site.path("data/filedir"), `${folder}/data/filedir`, { recursive: true });
  replaceFile(`${folder}/apache2.conf`, apacheConfiguration(folder, port));
  return {
    name: "apache",
    command: apache2,
    args: ["-f", `${folder}/apache2.conf`, "-D", "FOREGROUND"],
    environment: {
      PATH: process.env.PATH ?? "",
      APACHE_RUN_DIR: `${folder}/run`,
      APACHE_LOCK_DIR: `${folder}/run`,
      APACHE_LOG_DIR: `${folder}/log`,
      APACHE_PID_FILE: `${folder}/run/apache2.pid`,
    },
    stopSignal: "SIGTERM",
    probe: () => expectOk(`http://localhost:${port}/login/index.php`),
  };
}

/** /etc/apache2/apache2.conf of Debian 12, and one site. */
function apacheConfiguration(folder: string, port: number): string {
  return `
ServerRoot "/etc/apache2"
DefaultRuntimeDir \${APACHE_RUN_DIR}
Mutex file:\${APACHE_LOCK_DIR} default
PidFile \${APACHE_PID_FILE}
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
HostnameLookups Off
ErrorLog \${APACHE_LOG_DIR}/error.log
LogLevel warn
IncludeOptional ${MODULES}/*.load
IncludeOptional ${MODULES}/*.conf
Listen 127.0.0.1:${port}
ServerName localhost
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog \${APACHE_LOG_DIR}/access.log combined
DocumentRoot ${folder}/code
<Directory ${folder}/code>
  Options Indexes FollowSymLinks
  AllowOverride None
  Require all granted
</Directory>
# Without this much Moodle refuses to run.
php_admin_value max_input_vars 5000
`;
}

/** config.php as Moodle's installer writes it. */
function moodleConfiguration(site: Site, folder: string, port: number): string {
  const type = site.options.database === "postgresql" ? "pgsql" : "mariadb";
  return `<?php
unset($CFG);
global $CFG;
$CFG = new stdClass();
$CFG->dbtype = '${type}';
$CFG->dblibrary = 'native';
$CFG->dbhost = '127.0.0.1';
$CFG->dbname = 'moodle';
$CFG->dbuser = file_get_contents('${site.path("secrets/database/username")}');
$CFG->dbpass = file_get_contents('${site.path("secrets/database/password")}');
$CFG->prefix = 'mdl_';
$CFG->dboptions = ['dbport' => ${site.ports.database}, 'dbcollation' => 'utf8mb4_unicode_ci'];
$CFG->wwwroot = 'http://localhost:${port}';
$CFG->dataroot = '${folder}/data';
$CFG->admin = 'admin';
$CFG->directorypermissions = 0777;
require_once(__DIR__ . '/lib/setup.php');
`;
}
