<?php
namespace platform;

/** Outgoing mail by a relay; without one, none is tried. */
function mail_settings(Environment $env, \stdClass $cfg): void {
    if (!$env->has('MOODLE_SMTP_HOST')) {
        $cfg->noemailever = true;
        // Moodle's default is of the site's domain, and no address at all where that is localhost.
        if ($env->has('MOODLE_NOREPLY_ADDRESS')) {
            $cfg->noreplyaddress = $env->required('MOODLE_NOREPLY_ADDRESS');
        }
        return;
    }
    $host = $env->required('MOODLE_SMTP_HOST');
    if (!preg_match('/^[^\s:;]+:[0-9]{1,5}$/', $host)) {
        throw new InvalidEnvironment("MOODLE_SMTP_HOST is \"$host\": set it to <host>:<port>");
    }
    $cfg->smtphosts = $host;
    // PHPMailer's words: ssl is TLS from the first byte, tls is STARTTLS.
    $cfg->smtpsecure = ['tls' => 'ssl', 'starttls' => 'tls'][$env->one_of('MOODLE_SMTP_SECURITY', ['tls', 'starttls'])];
    $login = $env->has_secret('smtp/username');
    $cfg->smtpuser = $login ? $env->secret('smtp/username') : '';
    $cfg->smtppass = $login ? $env->secret('smtp/password') : '';
    $cfg->noreplyaddress = $env->required('MOODLE_NOREPLY_ADDRESS');
}
