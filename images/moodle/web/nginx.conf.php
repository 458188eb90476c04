<?php
/** nginx's configuration, printed: php nginx.conf.php > nginx.conf. */
namespace platform;

require_once __DIR__ . '/nginx-settings.php';
$nginx = or_end(fn() => nginx_settings(Environment::of_process()));

// Of every answer; a location with headers of its own inherits none.
$always = [
    'X-Content-Type-Options nosniff',
    ...($nginx->tls ? ['Strict-Transport-Security "max-age=31536000"'] : []),
];
// Of a file that PHP hands over nginx keeps Content-Type, Content-Disposition, Cache-Control, Expires, Accept-Ranges and
// Set-Cookie (ngx_http_upstream_headers_in, "redirect"), and drops what else PHP has said: these are given again.
$of_files = array_map(
    fn(string $name) => "$name \$upstream_http_" . strtolower(strtr($name, '-', '_')),
    [
        'Access-Control-Allow-Headers', 'Access-Control-Allow-Methods', 'Access-Control-Allow-Origin',
        'Access-Control-Expose-Headers', 'Content-Security-Policy', 'Cross-Origin-Resource-Policy', 'Referrer-Policy',
        'X-Frame-Options',
    ],
);
?>
pid <?= $nginx->run ?>/nginx.pid;
error_log stderr warn;
worker_processes 2;
worker_rlimit_nofile 16384;
# A request that nginx has taken is served to its end, however long it may take.
worker_shutdown_timeout <?= $nginx->timeout ?>s;

events {
    worker_connections 4096;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    server_tokens off;
    # Redirects name neither this port nor this host.
    absolute_redirect off;

    client_body_temp_path <?= $nginx->tmp ?>/nginx-body;
    fastcgi_temp_path <?= $nginx->tmp ?>/nginx-fastcgi;
    proxy_temp_path <?= $nginx->tmp ?>/nginx-proxy;
    scgi_temp_path <?= $nginx->tmp ?>/nginx-scgi;
    uwsgi_temp_path <?= $nginx->tmp ?>/nginx-uwsgi;

    # Neither query strings nor the tokens in paths, which are passwords.
    map $request_uri $logged_path {
        ~^(?<head>/tokenpluginfile\.php/)[^/?]+(?<tail>[^?]*) $head***$tail;
        ~^(?<head>/rss/file\.php/[^/?]+/)[^/?]+(?<tail>[^?]*) $head***$tail;
        ~^(?<path>[^?]*) $path;
    }
    log_format json escape=json '{"time":"$time_iso8601","address":"$remote_addr","method":"$request_method",'
        '"path":"$logged_path","status":$status,"bytes":$bytes_sent,"seconds":$request_time,'
        '"phpSeconds":"$upstream_response_time","agent":"$http_user_agent"}';
    access_log /dev/stdout json;

    sendfile on;
    tcp_nopush on;
    # Longer than any load balancer's: it must be the one that closes (Google's keeps connections for 600 seconds).
    keepalive_timeout 620s;
    keepalive_requests 10000;
    client_header_timeout 15s;
    client_body_timeout 60s;
    send_timeout 60s;
    reset_timedout_connection on;
    client_max_body_size <?= $nginx->body ?>m;
    large_client_header_buffers 4 16k;

    gzip on;
    gzip_comp_level 5;
    gzip_min_length 1024;
    gzip_proxied any;
    gzip_vary on;
    gzip_types text/css text/plain text/xml text/javascript application/javascript application/json application/xml
        application/manifest+json application/wasm image/svg+xml font/ttf application/vnd.ms-fontobject;

    # A cached answer about a file that the image holds is never wrong.
    open_file_cache max=20000 inactive=5m;
    open_file_cache_valid 5m;

<?php foreach ($nginx->proxies as $network) { ?>
    set_real_ip_from <?= $network ?>;
<?php } ?>
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;

    include /etc/nginx/fastcgi_params;
    fastcgi_param HTTP_PROXY "";
    fastcgi_connect_timeout 10s;
    fastcgi_send_timeout <?= $nginx->timeout ?>s;
    # PHP-FPM ends a request first.
    fastcgi_read_timeout <?= $nginx->timeout + 5 ?>s;
    fastcgi_buffer_size 32k;
    fastcgi_buffers 16 32k;
    fastcgi_hide_header X-Content-Type-Options;

    server {
        listen <?= $nginx->address ?>:<?= $nginx->port ?> default_server;
        root <?= $nginx->webroot ?>;
        index index.php;

<?php foreach ($always as $header) { ?>
        add_header <?= $header ?> always;
<?php } ?>

        location = /livez/nginx {
            access_log off;
            default_type text/plain;
            return 200 "ok\n";
        }

        location = /livez/php-fpm {
            access_log off;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_NAME /ping;
            fastcgi_param SCRIPT_FILENAME /ping;
            fastcgi_pass unix:<?= $nginx->run ?>/php-fpm-health.sock;
            fastcgi_read_timeout 5s;
        }

        location = /health {
            access_log off;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME <?= $nginx->lib ?>/commands/health.php;
            fastcgi_pass unix:<?= $nginx->run ?>/php-fpm-health.sock;
            fastcgi_read_timeout 10s;
        }

        # What Moodle's code holds that is nobody's business: Moodle's own list (MDL-69333) and what serves developers
        # and the command line. Only before ".php/": behind it are names of uploaded files.
        location ~* ^(?:(?!\.php/).)*(?:/\.(?!well-known/)|/(?:vendor|node_modules|tests|fixtures|behat|cli)/|/readme|/upgrade\.txt|/upgrading|/(?:composer|package|npm-shrinkwrap)\.json|/db/[^/]+\.xml|/(?:environment|thirdpartylibs|phpunit)\.xml|\.(?:lock|dist|sh|sql|yml|bak|old|orig|swp)$|~$) {
            return 404;
        }

        location ~ ^/(?:config|config-dist|install|Gruntfile)\.(?:php|js)(?:/|$) {
            return 404;
        }

        # Slash arguments: what follows the script's name is its PATH_INFO.
        location ~ ^(?<script>/.+?\.php)(?<path_info>/.*)?$ {
<?php if ($nginx->router) { ?>
            try_files $script /r.php$is_args$args;
<?php } else { ?>
            try_files $script =404;
<?php } ?>
            include /etc/nginx/fastcgi_params;
            fastcgi_param HTTP_PROXY "";
            fastcgi_param SCRIPT_FILENAME $document_root$uri;
            fastcgi_param SCRIPT_NAME $uri;
            fastcgi_param PATH_INFO $path_info;
            fastcgi_pass unix:<?= $nginx->run ?>/php-fpm.sock;
        }

        # Files that Moodle has checked and hands over ($CFG->xsendfile). Before the patterns above and below: these names
        # are of uploads, not of code.
        location ^~ /dataroot/ {
            internal;
            alias <?= $nginx->data ?>/;
            # Uploaded files come and go.
            open_file_cache off;
<?php foreach ([...$always, ...$of_files] as $header) { ?>
            add_header <?= $header ?> always;
<?php } ?>
        }

        location ~* \.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|woff2?|ttf|eot|mp3|mp4|webm|wasm|json)$ {
            expires 1h;
<?php if ($nginx->router) { ?>
            try_files $uri /r.php$is_args$args;
<?php } ?>
        }

        location / {
            # A folder without an index is not there, rather than forbidden.
            error_page 403 =404 @missing;
<?php if ($nginx->router) { ?>
            try_files $uri $uri/ /r.php$is_args$args;
<?php } else { ?>
            try_files $uri $uri/ =404;
<?php } ?>
        }

        location @missing {
            return 404;
        }
    }

    # For monitoring alone; no Service leads here.
    server {
        listen <?= $nginx->address ?>:<?= $nginx->internalport ?>;
        access_log off;

        location = /stub_status {
            stub_status;
        }

        location = /metrics/php-fpm {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_NAME /status;
            fastcgi_param SCRIPT_FILENAME /status;
            fastcgi_param QUERY_STRING openmetrics;
            fastcgi_pass unix:<?= $nginx->run ?>/php-fpm-status.sock;
            fastcgi_read_timeout 5s;
        }

        location / {
            return 404;
        }
    }
}
