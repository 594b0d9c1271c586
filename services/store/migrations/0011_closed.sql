-- Maintenance is known from trouble: who is refused by an operator need not try again at once.
create or replace function check_draining(p_tenant text, p_user text) returns void
language plpgsql stable as $$
declare
    c controls;
begin
    select * into c from controls
    where (scope, tenant_id, name) in ((1, '', ''), (3, p_tenant, ''), (4, p_tenant, p_user))
      and state = 3 and not is_removed
    order by scope limit 1;
    if c.scope is not null then
        raise exception using
            errcode = case when c.scope = 1 then 'TP423' else 'TP403' end,
            message = coalesce(nullif(c.message, ''), 'no new jobs are taken for the time being');
    end if;
end $$;
