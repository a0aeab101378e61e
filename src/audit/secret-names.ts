const SECRET_NAME =
  /(^|_)(PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|SECRET|TOKEN|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY|SECRET_KEY|ENCRYPTION_KEY|SIGNING_KEY|CREDENTIALS?|AUTH_KEY)(_|\d|$)/;

/** Names of variables that mostly hold a secret; those that name a file of one do not. */
export function isSecretName(name: string): boolean {
  const upper = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replaceAll(/[-.]/g, '_');
  if (upper === 'PWD' || upper === 'OLDPWD') return false;
  return SECRET_NAME.test(upper) && !/_(FILE|PATH|DIR|URL|URI|ENDPOINT|NAME|TTL|EXPIRY|LENGTH|POLICY|ID)$/.test(upper);
}

/** A value that says nothing: empty, a switch, or the path of a file that holds the secret. */
export function isSecretPlaceholder(value: string): boolean {
  return /^(|true|false|yes|no|on|off|0|1|none|null)$/i.test(value.trim()) || value.startsWith('/run/secrets/');
}
