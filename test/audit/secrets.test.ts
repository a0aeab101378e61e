import { expect, test } from 'vitest';
import { isSecret, opensToAll } from '../../src/audit/secrets.ts';

const KEY = 'x7Kd93LmQp02VbTz81Wn';

test.each([
  ['POSTGRES_PASSWORD', 'hunter2'],
  ['POSTGRES_PASSWORD', 'changeme'],
  ['MYSQL_ROOT_PASSWORD', '1234'],
  ['PGPASSWORD', 'x'],
  ['WEBPASSWORD', 'admin'],
  ['DB_PASS', 'x1'],
  ['DBPASS', 'x1'],
  ['dbPassword', 'x1'],
  ['db.password', 'x1'],
  ['ADMIN_PW', 'x1'],
  ['JWT_SECRET', 'shh'],
  ['CLIENT_SECRET_1', 'shh'],
  ['SECRET_KEY_BASE', 'abc123'],
  ['API_KEY', 'abcd'],
  ['APIKEY', 'abcd'],
  ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI'],
  ['GITHUB_TOKEN', 'x'],
  ['APP_KEY', `base64:${'A1b2'.repeat(11)}=`],
  ['APP_KEY', KEY],
  ['LICENSE_KEY', KEY],
  ['DATABASE_URL', 'postgres://u:p@h'],
  ['DATABASE_URL', 'postgres://u:p%40ss@h:5432/db?sslmode=off'],
  ['REDIS', 'redis://:pw@cache:6379/0'],
  ['HTTP_PROXY', 'http://me:pw@proxy:3128'],
  ['CONNECTION', 'Server=db;Database=x;User Id=sa;Password=Pass@word1;'],
  ['CERT', '-----BEGIN RSA PRIVATE KEY-----\nMIIE'],
  ['X', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'],
  ['AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE'],
  ['NEO4J_AUTH', 'neo4j/test1'],
  ['BASIC_AUTH', 'admin:secret'],
  ['HASH_SALT', 'abc'],
])('%s=%s is a secret', (name, value) => {
  expect(isSecret(name, value)).toBe(true);
});

test.each([
  ['SECRET_PORT', '8080'],
  ['SECRET_FILE_SIZE', '1024'],
  ['AWS_CREDENTIALS_SOURCE', 'Environment'],
  ['POSTGRES_PASSWORD_FILE', '/run/secrets/pw'],
  ['POSTGRES_PASSWORD', '/run/secrets/pw'],
  ['DB_PASSWORD', ''],
  ['DB_PASSWORD', '${DB_PASSWORD}'],
  ['ALLOW_EMPTY_PASSWORD', 'yes'],
  ['API_TOKEN', '<your token>'],
  ['API_TOKEN', 'your-token-here'],
  ['API_TOKEN', 'xxxx'],
  ['TOKEN_TTL', '3600'],
  ['TOKEN_URL', 'https://idp.example.com/token'],
  ['TOKEN_ENDPOINT', 'https://idp.example.com/oauth2/v2/token'],
  ['PASSWORD_MIN_LENGTH', '12'],
  ['PASSWORD_RESET_ENABLED', 'true'],
  ['JWT_SECRET_NAME', 'my-jwt-secret'],
  ['SECRETS_MANAGER_REGION', 'eu-central-1'],
  ['AWS_ACCESS_KEY_ID_FILE', '/x/y'],
  ['PWD', '/app'],
  ['OLDPWD', '/root'],
  ['GPG_KEY', 'A035C8C19219BA821ECEA86B64E628F8D684696D'],
  ['PUBLIC_KEY', KEY],
  ['MONKEY', KEY],
  ['BYPASS', 'x'],
  ['COMPASS_MODE', 'x'],
  ['DATABASE_URL', 'postgres://db:5432/app'],
  ['DATABASE_URL', 'postgres://u:${PW}@h/db'],
  ['DATABASE_URL', 'postgres://u@h/db'],
  ['SITE_URL', 'http://localhost:3000/a@b'],
  ['IMAGE', 'registry:5000/a@sha256:0123'],
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin'],
  ['KEYCLOAK_HOST', 'sso.example.com'],
  ['PYTHON_SHA256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['AUTH_TYPE', 'basic'],
  ['TOKENIZERS_PARALLELISM', 'false'],
])('%s=%s is none', (name, value) => {
  expect(isSecret(name, value)).toBe(false);
});

test.each([
  ['POSTGRES_HOST_AUTH_METHOD', 'trust', true],
  ['POSTGRES_HOST_AUTH_METHOD', 'scram-sha-256', false],
  ['ALLOW_EMPTY_PASSWORD', 'yes', true],
  ['MYSQL_ALLOW_EMPTY_PASSWORD', '1', true],
  ['MARIADB_ALLOW_EMPTY_ROOT_PASSWORD', 'true', true],
  ['MYSQL_ALLOW_EMPTY_PASSWORD', 'no', false],
  ['NEO4J_AUTH', 'none', true],
  ['xpack.security.enabled', 'false', true],
  ['DISABLE_SECURITY_PLUGIN', 'true', true],
  ['DISABLE_AUTH', 'true', true],
  ['AUTH_ENABLED', 'true', false],
  ['NO_PROXY', 'true', false],
])('%s=%s lets in without a password: %s', (name, value, wanted) => {
  expect(opensToAll(name, value)).toBe(wanted);
});
