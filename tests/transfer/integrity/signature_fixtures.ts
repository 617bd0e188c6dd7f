/**
 * Certificates (DER) and signatures over {@linkcode SIGNED_DATA}, all in base64: made with OpenSSL 3.0 and
 * Python's cryptography 38. `isGood` is what cursive 0.2.3 said of each.
 *
 * @module
 */

/** The signed bytes. */
export const SIGNED_DATA = "the bytes of a disk";

/** Certificates by name. All but `rsaPssOnly` expired in 2011: dates are not verified. */
export const CERTIFICATES = {
  rsa:
    "MIIB2jCCAYCgAwIBAgIBATAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZzaWduZXIwHhcNMTAxMDExMDAwMDAwWhcNMTEx" +
    "MDExMDAwMDAwWjARMQ8wDQYDVQQDDAZzaWduZXIwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC0Pc6gvgt2" +
    "nCd2N8AeaVqSFsagp3+jxL+dAMDlEuHH9+c9T7RxS8kUMxtJAliOSH3zNktioZZl8Y3c1niXB3pO4cAiN7+SB4x68axJ" +
    "SAVg/kddxrIriAay86lp8aZdFiSCDEECJvpkwMS07vEs7jGb8CCuCN19qhOO9isZgdGGGeWXZVY2RPDZgGME5eWpH9pW" +
    "M/fmWB9ciSLbPuzM0zfnM3PE6eCdJjsNuRcnf9bekr+RqPRa5TIR5gyjK8lmbMbeQEMmQ+gd0DFUURRqmS5FkbBBIB/a" +
    "Tcv+g/6/UQV6eTWDOUBtbQq2ObuoVrXu6e15QoarUZ1EOx8CPxQpopFJAgMBAAEwCgYIKoZIzj0EAwIDSAAwRQIgVw3o" +
    "kFg6p3aKkzTAOVMNUlc6cE4vZuKHxSznjvJaY9kCIQC74fZPUQexw8Ij7LvyIYa5kb95eWt8surJmvls/sHTOw==",
  p384:
    "MIIBKzCB0qADAgECAgEBMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBnNpZ25lcjAeFw0xMDEwMTEwMDAwMDBaFw0xMTEw" +
    "MTEwMDAwMDBaMBExDzANBgNVBAMMBnNpZ25lcjB2MBAGByqGSM49AgEGBSuBBAAiA2IABJeFuMkcFraFdfUqWqQR5OBb" +
    "2RNDDNE+/rymg7QE7Dxn/BT14etOuaViydr61zDDeoAXmLWA9XrLWN02cnMpRxiZ4a5sNoQiCFNGkEYy1/w08i1wvU9I" +
    "pgvKKjtpHc+X1zAKBggqhkjOPQQDAgNIADBFAiEA5N6Tk6GWL31CByDymGYIIxELd4AXV84vyzp1N//glJkCIDRB1ys5" +
    "/g9un/Gmt/uyA7cNYBLMxKUxHgA2cVkWjhWP",
  p521:
    "MIIBUDCB+KADAgECAgEBMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBnNpZ25lcjAeFw0xMDEwMTEwMDAwMDBaFw0xMTEw" +
    "MTEwMDAwMDBaMBExDzANBgNVBAMMBnNpZ25lcjCBmzAQBgcqhkjOPQIBBgUrgQQAIwOBhgAEAKo9CdMMADdT9+d9Zq5W" +
    "vMzD1CjkiPQGaruUKqdpyks77kX0hBFrwzL70Z6rEjmnuVKuUiqxsWU8SySQ14vf+0uuAc11Nucgqj0vflB0aAbOpxNf" +
    "WonXYYq8om8D2MMrGs+Zcj5bytWJqvlWKm5nc8KzZGxBTNyJibq6oWWOaPqCUouiMAoGCCqGSM49BAMCA0cAMEQCIC3b" +
    "MHa4xRmW7SXc0an4l1qxIlBSQQHiU8QSQsJTsXLhAiA49iVIiZJXOx3YURno4rlTuY8pk9e4Hg0Q2AqnIvY9Dw==",
  dsa:
    "MIID/zCCA6SgAwIBAgIBATAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZzaWduZXIwHhcNMTAxMDExMDAwMDAwWhcNMTEx" +
    "MDExMDAwMDAwWjARMQ8wDQYDVQQDDAZzaWduZXIwggNGMIICOQYHKoZIzjgEATCCAiwCggEBAJFglWDvz+EjREQ+ZvlB" +
    "CnjHWpMXzv4HLiM+tTc5Mb/SRr/Tim4KhJG76zpLeroktRewJ0mJsjMrygFa5+QkZ40Yf/4ZBipOG9QfxsXJNXXRP18b" +
    "Qp/AePxYFrb56OG5MPZxis7713P42dmZxZaDkplfxxM9X/6qj9bn3z6Nwxqwx3Mes6Oc0v+vJdzLhyTKmZXC64Imv1uM" +
    "95IVpRoo1w2nFPu9b7CSWHLhBOmbx/V/NsUePT5Rv3FY1yYpUEY/EwpujvM+t0BOB1Y6qvcxzg7uNiJA5j4MU6Vcz7q/" +
    "Vp+5ZKk2KAKNqLa+rleLG8ALRTgwJ5wmAmh7SOjs3Q5n2icCIQCj/7Hs8fVfeb5Mpj5FKz3GkpkGoHUCtxBBFzrWCf7R" +
    "3QKCAQByULHm8B1fFDdU+Z+DE1gh+siNFtd/lgJud8q1ujY34CF0BxJhELjP3F3Q21qEcN8PB5FM/FgQwZQc+nT2crzz" +
    "ck3X82oHms2eWX98WMbCmaqE8rd3gkjjJ5X+43NBe9a0vofTjPRZYiVq9H23drZrnNaQl96g3CQTxiP2SOlHKWvCIpbI" +
    "TG7S9vDz75wOfPBptMbM7aM+wLznddC3QG0843Vrvg8IgLbd/b25Pr6CEeWdv94DuejZ9FX93RLefCCM3ybsMMDmvJFj" +
    "8vmwizi16JwieJmdJY5QUsD6clQ3Uw/V2sFJZgrZlqN35iTqAXGVyZ1knJ5UMK+Zoqdh/DuiA4IBBQACggEAYEHZ1zuA" +
    "MX/Pegi6R+3SNPfPlc3WpOo2Tl3bpZvFbTvD09Ay5w7Lp97QfqA0aKGetMxWoI4BgpUilAogs7rGZM04NhKGvUv/dZ0i" +
    "edDnVduHIJ68GO/yEqiBUSJSv7Oew+bYCw4q2cmFfv8utM5tQ5DggO/0JgAww6Lq5RdzL+iZvI/Fzk+qyFY8rHc4znC/" +
    "YP87aJKUPxgr1bVwnGtCyN63DDFEPDD118h7jT9wzxgEgxb+lw8AMnof7w0yDwxfgMqv3DdtjwwQj5qYlWsOqx/oipQ9" +
    "XDkeSjVqxs3ihzY+Sz41JbwHrHHuK1crAqKR5MvADO+lL7U6P8zMcS0UpzAKBggqhkjOPQQDAgNJADBGAiEA9OtzjNfH" +
    "iqlBgBj0APJnF/c5LF7gOTYXaSjXukVsWtMCIQCLEqX9j7EffZv45Pm1JDxoVhmBh6R68xrfS8Tz/FjNXQ==",
  k571:
    "MIIBXjCCAQSgAwIBAgIBATAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZzaWduZXIwHhcNMTAxMDExMDAwMDAwWhcNMTEx" +
    "MDExMDAwMDAwWjARMQ8wDQYDVQQDDAZzaWduZXIwgacwEAYHKoZIzj0CAQYFK4EEACYDgZIABAbcGFknMbHynfx+pGlm" +
    "qQCScH9sXnov/Fkd1WPlSIS7gcbRHcQ40BhipJaKlEsU+wXGYyhtjtSmJhu3Z/QSG54/tXrBnTHCcwQ6CO0Aywdd/s9X" +
    "nm+jZFzdnJQzMYBXgpfGIeHsrllmipJ/hgySAmI2Rg0qOveUS+IRGEQyhZlLs4nEuJPMyQYb9mN+mXzqUTAKBggqhkjO" +
    "PQQDAgNIADBFAiEA6TQVEfZluMxW0anwrPETl96nuaCaFPZuV8kBg/6AW1ICIHo4aYpDPgZ+fBrwAPbbH1c58stK+olP" +
    "GusV/4+PCune",
  rsaPssOnly:
    "MIIDbTCCAiCgAwIBAgIUVYFzX2wFyTsXKTv09UW3qyNOzzwwQgYJKoZIhvcNAQEKMDWgDzANBglghkgBZQMEAgEFAKEc" +
    "MBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIEAgIA3jARMQ8wDQYDVQQDDAZzaWduZXIwIBcNMjYxMTIzMTEzOTU5" +
    "WhgPMjEyNjEwMzAxMTM5NTlaMBExDzANBgNVBAMMBnNpZ25lcjCCASAwCwYJKoZIhvcNAQEKA4IBDwAwggEKAoIBAQCQ" +
    "mr9m3GaJ56WDLkfWaGkZvWWiOJzhx0HrAFMbeewawAYtvLvNr4ZmuflxnBZLl8EJcDy9DjGccqEpe4wwVlyN+warSR95" +
    "/fLttHaOerWAAY0bEIrQnmsdnyb0dxjLM+O2QIi5zvcUg/Hs4ldn51eyF8Nzm19B1QROgJlFizjKyykPV4W6leBHy2+F" +
    "B5TCl2Kh+E6NTN9CFcbXWHpx1ZFlj8EkdalmvxJbLy5GpdR0mhUCaPk3CfuWPiIbC46Ij+dThVduCZGiTfUatzO54DvP" +
    "LldrSxZcu1dQx5z6aZCFRujIAbHaDFjPM1TY9+SR//37ykDLu8YzeyyQEJ6JHQNHAgMBAAGjUzBRMB0GA1UdDgQWBBTK" +
    "50RNyP1B7ZSEYX6vhn1PWsJptjAfBgNVHSMEGDAWgBTK50RNyP1B7ZSEYX6vhn1PWsJptjAPBgNVHRMBAf8EBTADAQH/" +
    "MEIGCSqGSIb3DQEBCjA1oA8wDQYJYIZIAWUDBAIBBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAIBBQCiBAICAN4D" +
    "ggEBAAUsJCupfNQlWr6GYRxN2vT/dFrCH+yAXZOHzCtJafdRtwAuF4ytrp+el5P+BIxHe+IBKQxxc6pvxXVm5wn7DfB7" +
    "EaXlDNvEv8RmQTzoKidluVdew8lppbPw29ihYtOd9roVn1jia0uXmmTEgvGnuuZDxg31taqShV3TpWH4VjIR2SLDCI09" +
    "E6iIYaTgrY3lwzQB+870Pj0UJvfKp8sOiGcuI/7/Un4TTVxVtIQgSnOH5M/Ukpq9EmMEx5dDKQ7biscte9sTd1ZloUw9" +
    "sPcw53mkTkgJhHW3dygODF12UN3IqKrhNXxI7nH2hZ1Zi/dKFRiFFK0Jly+U6qw+rayp6fE=",
} as const;

/** A signature, and the expected result. */
export interface SignatureRow {
  readonly title: string;
  readonly certificate: keyof typeof CERTIFICATES;
  readonly hashMethod: string;
  readonly keyType: string;
  readonly signature: string;
  readonly isGood: boolean;
}

/** Signatures that every runtime with `node:crypto` can verify. */
export const SIGNATURES: readonly SignatureRow[] = [
  {
    title: "RSA-PSS with the longest salt, by OpenSSL",
    certificate: "rsa",
    hashMethod: "SHA-256",
    keyType: "RSA-PSS",
    signature:
      "ap5bdxtbsJHZs5LVYTc7f2dCKayhkPki7UYJavaQ8GyMTzgsdDoqqrlWOS+WJiO1lGChaEbAcY23DMQfsVkdFuNBDX" +
      "/zFZcZ0kkZTYyOvjIvrzz8Ei5ydm7b/sWm/zRh+0loIxZYPkc16BO+Xhz7e7E0dfrTeWHsBHSndC8CyiiR0yuVUAOP" +
      "lD/PSp01T7TKhVAANRNEgiGQIFrZlaevqHnYYJKFxlBqlJqK73F/RTvfIFOgAYaMI7VJEGYL5s2QFrUz+rI34U4JkK" +
      "u5Os/uwr+ADJhpRGuQaCf8zyFOvn3/0lcW/avDPRyPMu2RtFMOJ5B+FounouazYN9bxQATkg==",
    isGood: true,
  },
  {
    title: "RSA-PSS with the longest salt, by Python",
    certificate: "rsa",
    hashMethod: "SHA-512",
    keyType: "RSA-PSS",
    signature:
      "q/htlpeu5dxyevEJwfLBars5iEKIsjS0C7hEb0OyWIDl9Fj3V62PYUXRTEP3jSXYNXGXczsgz2BkB5mBkTq1wF5cjA" +
      "6H6zcSCUcYhhy+B4/DIyR9gIJsRfU0iU2SNHLmKZ0Ix2KeHRMNsZ9rWgi1yuPAt7VG3HXi61s//i26AA5dR2EhyzeX" +
      "wbIv5xQR0+JlMoXTuifT3ETuAN9OSm81NQq9HHi6oQVmWunfcpGve97SKtuEQSuvle4+9hPuf5tkqG2/TCVkTnk9el" +
      "rYD8UnAJMDfKTcwJ/vvtie8/g2MJMnJCCUVK01o1OCy3wleW6CfFm/5Rtdciix/4OWJWpqHg==",
    isGood: true,
  },
  {
    title: "RSA-PSS with SHA-224",
    certificate: "rsa",
    hashMethod: "SHA-224",
    keyType: "RSA-PSS",
    signature:
      "lbAFmCeTsFrGJ7OECKEv9+BFRuPSHow7qgpVGRcthmHnfXF/eP7swS22NxArG9pJuAvnDTzRfyFEQA5RXYKwnKZ0Pi" +
      "dNIMwSkJPQvAnBppsAcaugjz53pYWW1HW+Dw1+Vy37VsmgC5hbRXvM0ui847r6e01eb7p8oBdSO5w3ArlBfV9fmCnR" +
      "Ym/VMSrC9QF9K+zJF/8OQseE/XLUzIj/+kAl9is2E+e8sjZZfUOi2aydElr4LzPO1CtGunnFiZOKmuiDTiK3dvrJjZ" +
      "LKXuFWB7zfuNFrMwjsEuKV74t+okNucmmPpYGlS1Bs/csBUrbo9srUpcw+T0vg2n5jdXL1Aw==",
    isGood: true,
  },
  {
    title: "RSA-PSS with a salt as long as the digest",
    certificate: "rsa",
    hashMethod: "SHA-256",
    keyType: "RSA-PSS",
    signature:
      "E7duuLxKEVw2PqoTiszSjci7EoyQIxgATKlqHW62TXN8QWWaRScpwTLT31IvYL/jK1a0BvuB/gFuubnTebGgMYZWTp" +
      "Ocld1224W5mmGBzgCos5efJrFvV5rwN++abjNdx4dTfnjkLBhBTlfUJxTXV2oMMwk2qhRPBbbxmKK6QWEIiWLMNtJ3" +
      "0qofBIswsduH4xSOzuu9dp68bfsqJVmday6rQO1KyG3/n0n8O4b5QoUJmts2L+JqT5r3RUBI6IKLvX1w1NaAuQBJx5" +
      "IaeGTVkD5Vn13cvrlPYqyGE2v1ug7bXyutz65MwBlyVYprdYg30tG59NRvCyCfHOYFHSTEQQ==",
    isGood: false,
  },
  {
    title: "P-384",
    certificate: "p384",
    hashMethod: "SHA-384",
    keyType: "ECC_SECP384R1",
    signature:
      "MGQCMELa9DbzE/pJRI3ebZ7UIDeyZ8mrTLB3KiDMNLjBorB52Z2b8KpEvQK20lOxqKDUigIwSm7sWX+dn1rq916XOb" +
      "nW8xN8OG1Nw/Tji7GG/F0iaE01FamaTWNglohzJs94KWCI",
    isGood: true,
  },
  {
    title: "P-384 with a shorter digest",
    certificate: "p384",
    hashMethod: "SHA-256",
    keyType: "ECC_SECP384R1",
    signature:
      "MGQCMDKYDe+/cNzgYp0JdZ3HATB7FxmK2iwr0wH4p5VwaG92z2pQw9tQ1oGl0D9aqX1HowIwTGNkqFnb7h3mUu1ruf" +
      "kwJR5uV64ejoQ2PO9m37A42Qr3jCekRuf0gDo+pYS1C48L",
    isGood: true,
  },
  {
    title: "P-384, SHA-384, said to be SHA-256",
    certificate: "p384",
    hashMethod: "SHA-256",
    keyType: "ECC_SECP384R1",
    signature:
      "MGQCMELa9DbzE/pJRI3ebZ7UIDeyZ8mrTLB3KiDMNLjBorB52Z2b8KpEvQK20lOxqKDUigIwSm7sWX+dn1rq916XOb" +
      "nW8xN8OG1Nw/Tji7GG/F0iaE01FamaTWNglohzJs94KWCI",
    isGood: false,
  },
  {
    title: "P-521",
    certificate: "p521",
    hashMethod: "SHA-512",
    keyType: "ECC_SECP521R1",
    signature:
      "MIGHAkF2rG5yzp9mmuGyhBZ3W1FIepL18d8P1lGUQqjHfkClEZO7QEXbVwzOhlCBipoLEh0pLFM6r8oEbrlhyy1Q5G" +
      "fbggJCAJK4O9dDoenP4pwO23qhhMPc5a7VlX60ZBjf1uR8E0LR8Utx7Ygch5pJj7fHD8/qLeL2DU8hmYP9cGbmD+FY" +
      "NCNO",
    isGood: true,
  },
  {
    title: "DSA",
    certificate: "dsa",
    hashMethod: "SHA-256",
    keyType: "DSA",
    signature:
      "MEUCIBt9KinHtkIMZBRghKU+UwZp+e7CShDnCFRT89PiX9h8AiEAklobrRuKPPkldLLWuLjgyEyOJnTtQX9Wtk9t7t" +
      "p+ino=",
    isGood: true,
  },
  {
    title: "a signature that was cut",
    certificate: "p384",
    hashMethod: "SHA-384",
    keyType: "ECC_SECP384R1",
    signature:
      "MGQCMELa9DbzE/pJRI3ebZ7UIDeyZ8mrTLB3KiDMNLjBorB52Z2b8KpEvQK20lOxqKDUigIwSm7sWX+dn1rq916XOb" +
      "nW8xN8OG1Nw/Tji7GG/F0iaE01FamaTWNglohzJs94",
    isGood: false,
  },
];

/** Valid signatures that OpenSSL can verify and Deno cannot. */
export const SIGNATURES_FOR_OPENSSL: readonly SignatureRow[] = [
  {
    title: "P-521 with a digest below half its size",
    certificate: "p521",
    hashMethod: "SHA-256",
    keyType: "ECC_SECP521R1",
    signature:
      "MIGIAkIAo7svOm965djT874BTPuclYdN0arMF0XRKN4QCrz0LWqUAPBC2CKRSKlmw692yfDu6ghTwMIv2SEmlLexhX" +
      "GKvrACQgGU0biLCruUloGiX+abuXmC+/IUWnWrJ25YGVtzl/mPoZSfxFF16Su+Gjz+t7IQ2qHk25B/rSD6eTdgNyP+" +
      "5jbmWw==",
    isGood: true,
  },
  {
    title: "a binary curve",
    certificate: "k571",
    hashMethod: "SHA-384",
    keyType: "ECC_SECT571K1",
    signature:
      "MIGUAkgB3LOAUn5H0Jw1KbISmXeGdS0v+vfgoIjD+7Jj0L4VKWLIC3Qs8U0c4d72I8LnCagLHBQNXVE50Df3nHXTlH" +
      "5Uj+UHJiMK3sQCSACNiyaiyfwfQa/0ppBeKRtIyUuto6VVxqd4bj8F2BlYihePQ0OX/2qKTfWEIvpZd1+ivV2hMie/" +
      "nnoSNXmMQOZzA2f1PJvEng==",
    isGood: true,
  },
  {
    title: "a key for RSA-PSS only",
    certificate: "rsaPssOnly",
    hashMethod: "SHA-256",
    keyType: "RSA-PSS",
    signature:
      "dZUOWSZ2SMbzQjbZXlfvM7e5G6umpnf4VjMZbrnb56eUpGW/2dVNv+eu9H56NzJTxVd0httjk62LMblIEfoJSgxit2" +
      "exhIfGkHTapFSKBLJUtrKQeMkVJDLGJnrrnBO1MwoEdgexzEzGedePfguNknXa9NX1Je9ocV7ZcYSywlpjlNh8Ay/N" +
      "5glUBHs8h1lDioPDBD+wChVT/+3gJRnfGq+0/yjQWmcjEz1pwD+SqmWFP6hDDJaPRtqMZpcG/95ng/337l2U+awOcb" +
      "yBPmHAmoa/a7HkJkOlvO5k/mnAuEsNr6BE/eW1oiBIJgKSnDbdp/pHrBr29rLFbVBOUQyqZw==",
    isGood: true,
  },
];
